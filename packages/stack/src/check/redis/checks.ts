import type { Check } from '../check.js';
import { redisComposeChecks } from './compose.js';
import { redisKubernetesChecks } from './kubernetes.js';

export const redisChecks: readonly Check[] = [...redisComposeChecks, ...redisKubernetesChecks];
