import type { Permit } from '../core/types.js';

/** Permits taken by hand. The first word gives them back; a second does nothing. */
export class HeldPermit implements Permit {
  #giveBack: (() => void) | undefined;

  constructor(giveBack: () => void) {
    this.#giveBack = giveBack;
  }

  success(): void {
    this.#end();
  }

  failure(): void {
    this.#end();
  }

  ignore(): void {
    this.#end();
  }

  [Symbol.dispose](): void {
    this.#end();
  }

  #end(): void {
    const giveBack = this.#giveBack;
    this.#giveBack = undefined;
    giveBack?.();
  }
}
