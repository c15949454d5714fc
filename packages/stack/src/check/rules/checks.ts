import type { Check } from '../check.js';
import { filesChecks } from './files.js';
import { numbersChecks } from './numbers.js';
import { timingChecks } from './timing.js';
import { wordsChecks } from './words.js';

/** What alerting rules must keep to, by themselves and beside runbook, tests and stack file. */
export const rulesChecks: readonly Check[] = [...timingChecks, ...wordsChecks, ...filesChecks, ...numbersChecks];
