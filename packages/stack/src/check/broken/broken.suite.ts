import type { BrokenStack } from './broken-stack.suite.js';

/** A finding that a break deserves; several places that are wrong alike share one. */
export interface Deserved {
  readonly check: string;
  readonly file: string;
  /** What stands in the line that it names; `…` is anything. */
  readonly at: string;
  /** `message; fix`, line numbers left out; `…` is anything. */
  readonly says: string;
  /** How many places are wrong alike, one unless it is said: `many` where each further rule or panel is one more. */
  readonly times?: number | 'many';
}

export interface Broken {
  readonly name: string;
  /** Right by itself, and wrong beside another file. */
  readonly across: boolean;
  readonly break: (stack: BrokenStack) => unknown;
  readonly found: readonly Deserved[];
}

/** Wrong only together with another file. */
export const across = (name: string, breaks: Broken['break'], ...found: readonly Deserved[]): Broken => ({
  name,
  across: true,
  break: breaks,
  found,
});

/** Wrong by itself already. */
export const alone = (name: string, breaks: Broken['break'], ...found: readonly Deserved[]): Broken => ({
  name,
  across: false,
  break: breaks,
  found,
});
