import type { Check } from '../check.js';
import { acrossChecks } from './across.js';
import { kubernetesProxyChecks } from './across-kubernetes.js';
import { cookieChecks } from './cookies.js';
import { dnsChecks } from './dns.js';
import { processChecks } from './process.js';
import { rateLimitChecks } from './rate-limits.js';
import { referenceChecks } from './references.js';
import { routingChecks } from './routing.js';
import { secretChecks } from './secrets.js';
import { serverChecks } from './servers.js';
import { statisticsChecks } from './statistics.js';
import { timeoutChecks } from './timeouts.js';

/** What a haproxy.cfg must keep to, by itself and beside the other files. */
export const haproxyChecks: readonly Check[] = [
  ...referenceChecks,
  ...serverChecks,
  ...dnsChecks,
  ...timeoutChecks,
  ...processChecks,
  ...routingChecks,
  ...statisticsChecks,
  ...secretChecks,
  ...cookieChecks,
  ...rateLimitChecks,
  ...acrossChecks,
  ...kubernetesProxyChecks,
];
