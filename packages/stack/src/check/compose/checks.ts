import type { Check } from '../check.js';
import { boundsChecks } from './bounds.js';
import { exposureChecks } from './exposure.js';
import { replicaChecks } from './replicas.js';
import { targetsChecks } from './targets.js';
import { wiringChecks } from './wiring.js';

export const composeChecks: readonly Check[] = [
  ...wiringChecks,
  ...exposureChecks,
  ...boundsChecks,
  ...replicaChecks,
  ...targetsChecks,
];
