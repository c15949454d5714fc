import type { Check } from '../check.js';

export const alertmanagerChecks: readonly Check[] = [];
