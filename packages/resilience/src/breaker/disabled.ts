import { State } from './state.js';

/** Switched off by hand: everything runs and nothing counts, until the last hold is given back. */
export class Disabled extends State {
  holds = 1;

  override get name(): 'disabled' {
    return 'disabled';
  }
}
