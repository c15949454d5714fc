import type { Check } from '../check.js';
import { adapterChecks } from './adapter.js';
import { disruptionChecks } from './disruption.js';
import { fieldChecks } from './fields.js';
import { addressChecks } from './flows.js';
import { lifecycleChecks } from './lifecycle.js';
import { mountedFileChecks } from './mounted-files.js';
import { networkChecks } from './network.js';
import { podNameChecks } from './pod-names.js';
import { proxyChecks } from './proxy.js';
import { referenceChecks } from './references.js';
import { scalingChecks } from './scaling.js';
import { securityChecks } from './security.js';
import { serviceChecks } from './services.js';
import { stackFileChecks } from './stack-file.js';

export const kubernetesChecks: readonly Check[] = [
  ...fieldChecks,
  ...scalingChecks,
  ...stackFileChecks,
  ...adapterChecks,
  ...disruptionChecks,
  ...lifecycleChecks,
  ...serviceChecks,
  ...referenceChecks,
  ...mountedFileChecks,
  ...addressChecks,
  ...podNameChecks,
  ...networkChecks,
  ...proxyChecks,
  ...securityChecks,
];
