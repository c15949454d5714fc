import type { Disabled } from './disabled.js';
import { type Refusal, State } from './state.js';

/** Nothing runs, by order, until the last hold is given back. */
export class Isolated extends State {
  holds = 1;
  /** What the circuit returns to, if it was switched off before or meanwhile. */
  beneath: Disabled | undefined;

  constructor(beneath?: Disabled) {
    super();
    this.beneath = beneath;
  }

  override get name(): 'isolated' {
    return 'isolated';
  }

  override admit(): Refusal {
    return 'isolated';
  }
}
