import { HEADER_VALUE } from './fields.js';
import type { TargetDefaults, TargetEntry } from './schema.js';
import { Secret } from './secret.js';
import type { SnmpCredentials, Target, TargetHeaders } from './target.js';

/** What is wrong with a secret, in words that do not show it; nothing: it can be used. */
export type SecretRule = (value: string) => string | undefined;
/** Looks up what a variable holds. Where it cannot be used the mistake is noted, and the result is of no use. */
export type LookUp = (variable: string, path: readonly PropertyKey[], rule: SecretRule) => Secret;
/** A target that waits for the file's defaults, which may stand below the list. */
export type Draft = (defaults: TargetDefaults) => Target;

/** Used where neither the target nor the defaults say anything. */
const INTERVAL_MS = 10_000;
const TIMEOUT_MS = 5_000;

/** Brings an entry into the form that probes use. */
export function draft(entry: TargetEntry, lookUp: LookUp): Draft {
  const { name, interval, timeout, labels, limit: own } = entry;
  const particular = particulars(entry, lookUp);
  return (defaults) => {
    const intervalMs = interval ?? defaults.interval ?? INTERVAL_MS;
    const timeoutMs = timeout ?? defaults.timeout ?? Math.min(TIMEOUT_MS, intervalMs);
    const limit = own ?? defaults.limit;
    const common = { name, intervalMs, timeoutMs, labels: { ...defaults.labels, ...labels } };
    return { ...common, ...(limit !== undefined && { limit }), ...particular };
  };
}

type Particulars<T> = T extends Target ? Omit<T, 'name' | 'intervalMs' | 'timeoutMs' | 'labels' | 'limit'> : never;

function particulars(entry: TargetEntry, lookUp: LookUp): Particulars<Target> {
  switch (entry.probe) {
    case 'http': {
      const { probe, url, method, expectStatus, expectBody, maxRedirects, maxBody } = entry;
      const headers = toHeaders(entry.headers, lookUp);
      return { probe, url, method, headers, expectStatus, expectBody, maxRedirects, maxBodyBytes: maxBody };
    }
    case 'tcp':
      return { probe: entry.probe, host: entry.host, port: entry.port };
    case 'dns': {
      const { probe, server, port, query, type, expectAnswer } = entry;
      return { probe, server, port, query, type, expectAnswer };
    }
    case 'prometheus': {
      const { probe, url, keep, maxSeries, maxBody } = entry;
      return { probe, url, headers: toHeaders(entry.headers, lookUp), keep, maxSeries, maxBodyBytes: maxBody };
    }
    case 'snmp': {
      const { probe, host, port, walk } = entry;
      return { probe, host, port, walk, credentials: credentials(entry, lookUp) };
    }
    case 'host':
      return { probe: entry.probe };
  }
}

type SnmpEntry = Extract<TargetEntry, { probe: 'snmp' }>;

function credentials(entry: SnmpEntry, lookUp: LookUp): SnmpCredentials {
  if (entry.version === '2c') {
    return { version: '2c', community: lookUp(entry.communityFrom, ['communityFrom'], anyText) };
  }
  const { user, context, auth, priv } = entry;
  return {
    version: '3',
    user,
    context,
    auth: { protocol: auth.protocol, key: lookUp(auth.keyFrom, ['auth', 'keyFrom'], longEnough) },
    priv: { protocol: priv.protocol, key: lookUp(priv.keyFrom, ['priv', 'keyFrom'], longEnough) },
  };
}

function toHeaders(headers: Extract<TargetEntry, { probe: 'http' }>['headers'], lookUp: LookUp): TargetHeaders {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => {
      const path = ['headers', name, 'valueFrom'];
      return [
        name.toLowerCase(),
        typeof value === 'string' ? new Secret(value) : lookUp(value.valueFrom, path, asHeader),
      ];
    }),
  );
}

const anyText: SecretRule = () => undefined;

/** RFC 3414, section 11.2: keys are made from passwords of at least 8 characters. */
const longEnough: SecretRule = (value) =>
  value.length < 8 ? 'holds fewer than 8 characters, which SNMP v3 does not allow' : undefined;

const asHeader: SecretRule = (value) =>
  HEADER_VALUE.test(value) ? undefined : 'holds a character that a header cannot carry, such as a line end';
