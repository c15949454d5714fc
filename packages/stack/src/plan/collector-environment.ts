import { formatAddress } from './format-address.js';
import type { Plan } from './plan.js';
import type { Site } from './site.js';

/** A value as it is, or the name of the secret that holds it. */
export type Setting = { readonly value: string } | { readonly secret: string };

/** The user that collectors are in Redis. */
export const REDIS_USER = 'telemetry';

/** The environment of every collector at a site; paths are those in its container. */
export function collectorEnvironment(plan: Plan, site: Site): Readonly<Record<string, Setting>> {
  const { collectors, backends, proxy } = plan.stack;
  const value = (text: string | number): Setting => ({ value: String(text) });
  return {
    HOST: value('0.0.0.0'),
    PORT: value(collectors.port),
    API_TOKEN: { secret: 'API_TOKEN' },
    TARGETS_FILE: value('/etc/telemetry/targets.yaml'),
    DATA_DIR: value('/var/lib/telemetry'),
    DRAIN_TIMEOUT: value(collectors.drain.timeout),
    INFLUX_URLS: value(site.backends.map((backend) => `http://${formatAddress(backend)}`).join(',')),
    INFLUX_ORG: value(backends.org),
    INFLUX_BUCKET: value(backends.bucket),
    INFLUX_TOKEN: { secret: 'INFLUX_TOKEN' },
    SPOOL_MAX_BYTES: value(collectors.spool.maxBytes),
    SPOOL_MAX_AGE: value(collectors.spool.maxAge),
    SPOOL_WHEN_FULL: value(collectors.spool.whenFull),
    HANDOVER_URL: value(`${proxy.tls === undefined ? 'http' : 'https'}://${formatAddress(site.proxy)}`),
    ...(proxy.tls?.ca !== undefined && { HANDOVER_CA_FILE: value(proxy.tls.ca) }),
    REDIS_URL: value(`redis://${formatAddress(site.redis)}`),
    REDIS_USERNAME: value(REDIS_USER),
    REDIS_PASSWORD: { secret: 'REDIS_PASSWORD' },
    FLEET: value(plan.stack.name),
    FLEET_LEASE: value(collectors.lease),
    SHARED_BREAKER: value('on'),
    ...Object.fromEntries(Object.entries(collectors.settings).map(([name, text]) => [name, value(text)])),
  };
}
