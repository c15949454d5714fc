import type { Check } from '../check.js';

export const haproxyChecks: readonly Check[] = [];
