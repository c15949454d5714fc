import type { Check } from '../check.js';

export const kubernetesChecks: readonly Check[] = [];
