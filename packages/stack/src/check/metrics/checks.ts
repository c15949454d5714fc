import type { Check } from '../check.js';

export const metricsChecks: readonly Check[] = [];
