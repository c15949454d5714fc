import type { Check } from '../check.js';

export const composeChecks: readonly Check[] = [];
