import type { Destination } from '../frames/frame.js';
import type { Dialect } from './backend.js';

/** Below the backend's address. */
type WritePath = '/write' | '/api/v2/write';

export const writePath = (dialect: Dialect): WritePath => (dialect === 'influxdb-2' ? '/api/v2/write' : '/write');

/** What to try where the other path is not there. */
export const otherDialect = (dialect: Dialect): Dialect => (dialect === 'influxdb-2' ? 'influxdb-1' : 'influxdb-2');

/**
 * Path and query of a write. No `precision`: without it timestamps are nanoseconds, whatever the version; 1.x silently
 * takes unknown ones for them. VictoriaMetrics makes `db` a label, so that destinations stay apart there too.
 */
export function writeTarget(dialect: Dialect, { org, bucket }: Destination): string {
  const query = new URLSearchParams();
  if (dialect === 'influxdb-2') {
    if (org !== '') query.set('org', org);
    query.set('bucket', bucket);
  } else if (bucket !== '') {
    const slash = bucket.indexOf('/');
    query.set('db', slash === -1 ? bucket : bucket.slice(0, slash));
    if (slash !== -1) query.set('rp', bucket.slice(slash + 1));
  }
  return query.size === 0 ? writePath(dialect) : `${writePath(dialect)}?${query}`;
}

/** Up to 1.7 a server knows Basic alone, 1.8 both, 2.x tokens; VictoriaMetrics Basic. Undefined dialect: for a first question. */
export function authorization(token: string, dialect: Dialect | undefined): Readonly<Record<string, string>> {
  if (token === '') return {};
  const isBasic = dialect !== 'influxdb-2' && token.includes(':');
  return { authorization: isBasic ? `Basic ${Buffer.from(token).toString('base64')}` : `Token ${token}` };
}

/** The headers by which a server says what it is. */
export interface Introduction {
  /** `X-Influxdb-Version` */
  readonly version: string | undefined;
  /** `X-Influxdb-Build`; VictoriaMetrics claims to be 1.8.0, but names no build. */
  readonly build: string | undefined;
}

/** Of the answer to `/ping`. `sure`: nothing but InfluxDB names its build. */
export function introduced({ version, build }: Introduction): { dialect: Dialect; sure: boolean } | undefined {
  if (version === undefined || !/^v?\d/.test(version)) return undefined;
  return { dialect: /^v?[01]\./.test(version) ? 'influxdb-1' : 'influxdb-2', sure: build !== undefined };
}

/** Of its `/metrics`: every component of VictoriaMetrics has this one. */
export const isVictoriaMetrics = (metrics: string): boolean => /^vm_app_version\{/m.test(metrics);
