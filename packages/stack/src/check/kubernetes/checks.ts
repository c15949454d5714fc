import type { Check } from '../check.js';
import { adapterChecks } from './adapter.js';
import { disruptionChecks } from './disruption.js';
import { fieldChecks } from './fields.js';
import { addressChecks } from './flows.js';
import { lifecycleChecks } from './lifecycle.js';
import { networkChecks } from './network.js';
import { proxyChecks } from './proxy.js';
import { referenceChecks } from './references.js';
import { scalingChecks } from './scaling.js';
import { securityChecks } from './security.js';
import { serviceChecks } from './services.js';

export const kubernetesChecks: readonly Check[] = [
  ...fieldChecks,
  ...scalingChecks,
  ...adapterChecks,
  ...disruptionChecks,
  ...lifecycleChecks,
  ...serviceChecks,
  ...referenceChecks,
  ...addressChecks,
  ...networkChecks,
  ...proxyChecks,
  ...securityChecks,
];
