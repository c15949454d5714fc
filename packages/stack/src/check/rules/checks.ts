import type { Check } from '../check.js';

export const rulesChecks: readonly Check[] = [];
