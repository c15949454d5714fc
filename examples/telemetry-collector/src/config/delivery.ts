import { join } from 'node:path';
import { WHEN_FULL, type WhenFull } from '@breakwater/delivery';
import { ConfigError, type Environment, readNumber } from '@breakwater/resilience';
import type { NameLookupOptions } from '@breakwater/resilience/http';
import { type AddressVariable, httpAddress } from './http-address.js';
import type { Problems } from './problems.js';
import { readChoice, readRoot, readSecret, readText } from './values.js';

/** How points get to InfluxDB servers through the log. */
export interface DeliveryConfig {
  /** Their normalised addresses: a lane each. */
  readonly servers: readonly string[];
  /** Where the collector's own points go, and those of writers that name no place. */
  readonly org: string;
  readonly bucket: string;
  /** Empty: none. */
  readonly token: string;
  readonly timeoutMs: number;
  readonly dns: NameLookupOptions;
  readonly spool: {
    readonly directory: string;
    readonly maxBytes: number;
    readonly maxAgeMs: number;
    readonly whenFull: WhenFull;
    /** Undefined: by kind of server. */
    readonly ackHoldMs?: number;
  };
  /** Where a draining collector brings what it still owes; undefined: it stays in the log. */
  readonly handOver:
    | {
        readonly url: string;
        readonly token: string | undefined /** Trusted beside the usual roots. */;
        readonly ca?: string;
      }
    | undefined;
  /** The largest body of a write, before and after decompression. */
  readonly maxBodyBytes: number;
  /** A lane with points that have waited longer has not caught up. */
  readonly laneMaxLagMs: number;
}

const MOST_SERVERS = 16;
const INFLUX_URLS: AddressVariable = {
  name: 'INFLUX_URLS',
  form: 'http or https URLs, separated by commas',
  credentials: 'put them into INFLUX_TOKEN (user:password)',
  query: 'set the organisation with INFLUX_ORG and the bucket with INFLUX_BUCKET',
};
const HANDOVER_URL: AddressVariable = {
  name: 'HANDOVER_URL',
  form: 'an http or https URL',
  credentials: "put the peers' token into HANDOVER_TOKEN",
  query: 'give the address alone; what is handed over names its own lanes and bucket',
};
const MIB = 1024 ** 2;
const TIB = 1024 ** 4;

/** What `INFLUX_URLS` and the variables around it say; undefined where there is no server. */
export function readDelivery(
  env: Environment,
  dataDir: string,
  dns: NameLookupOptions,
  problems: Problems,
): DeliveryConfig | undefined {
  const number = (name: string, range: Parameters<typeof readNumber>[2]): number =>
    problems.attempt(() => readNumber(env, name, range)) ?? Number.NaN;
  const config: DeliveryConfig = {
    servers: problems.attempt(() => readServers(env)) ?? [],
    org: readText(env, 'INFLUX_ORG') ?? '',
    bucket: readText(env, 'INFLUX_BUCKET') ?? '',
    token: problems.attempt(() => readSecret(env, 'INFLUX_TOKEN')) ?? '',
    timeoutMs: number('INFLUX_TIMEOUT', { default: 10, min: 0.1, max: 300 }) * 1000,
    dns,
    spool: readSpool(env, dataDir, number, problems),
    handOver: readHandOver(env, problems),
    maxBodyBytes: number('MAX_BODY_BYTES', { default: 25_000_000, min: 1024, max: 1_000_000_000, integer: true }),
    laneMaxLagMs: number('LANE_MAX_LAG', { default: 10, min: 0.1, max: 86_400 }) * 1000,
  };
  if (readText(env, 'INFLUX_URLS') === undefined) {
    if (config.handOver !== undefined) {
      problems.add('HANDOVER_URL is set and INFLUX_URLS is not: without servers there is no log to hand over');
    }
    return undefined;
  }
  if (config.bucket === '') {
    problems.add('INFLUX_URLS is set and INFLUX_BUCKET is not: it names the bucket, on 1.x the database');
  }
  return config;
}

function readServers(env: Environment): string[] {
  const texts = (readText(env, 'INFLUX_URLS') ?? '').split(/[\s,]+/).filter((text) => text !== '');
  if (texts.length > MOST_SERVERS) {
    throw new ConfigError(`INFLUX_URLS holds ${texts.length} servers; at most ${MOST_SERVERS} are allowed`);
  }
  const servers = texts.map((text) => httpAddress(text, INFLUX_URLS));
  const twice = servers.find((server, index) => servers.indexOf(server) !== index);
  if (twice !== undefined) throw new ConfigError(`INFLUX_URLS holds ${twice} twice; it would get everything twice`);
  return servers;
}

function readSpool(
  env: Environment,
  dataDir: string,
  number: (name: string, range: Parameters<typeof readNumber>[2]) => number,
  problems: Problems,
): DeliveryConfig['spool'] {
  const ackHold = readText(env, 'ACK_HOLD');
  return {
    directory: readText(env, 'SPOOL_DIR') ?? join(dataDir, 'spool'),
    maxBytes: number('SPOOL_MAX_BYTES', { default: 1024 * MIB, min: 8 * MIB, max: 16 * TIB, integer: true }),
    maxAgeMs: number('SPOOL_MAX_AGE', { default: 604_800, min: 1, max: 315_360_000, integer: true }) * 1000,
    whenFull: problems.attempt(() => readChoice(env, 'SPOOL_WHEN_FULL', WHEN_FULL, 'block')) ?? 'block',
    ...(ackHold !== undefined && { ackHoldMs: number('ACK_HOLD', { default: 0, min: 0, max: 3600 }) * 1000 }),
  };
}

function readHandOver(env: Environment, problems: Problems): DeliveryConfig['handOver'] {
  const text = readText(env, 'HANDOVER_URL');
  const own = problems.attempt(() => readSecret(env, 'HANDOVER_TOKEN'));
  const ca = problems.attempt(() => readRoot(env, 'HANDOVER_CA_FILE'));
  if (text === undefined) {
    for (const name of ['HANDOVER_TOKEN', 'HANDOVER_CA_FILE']) {
      if (readText(env, name) === undefined) continue;
      problems.add(`${name} is set and HANDOVER_URL is not: nothing is handed over`);
    }
    return undefined;
  }
  const url = problems.attempt(() => httpAddress(text, HANDOVER_URL));
  if (url === undefined) return undefined;
  if (ca !== undefined && !url.startsWith('https:')) {
    problems.add('HANDOVER_CA_FILE is set and HANDOVER_URL is no https://: nothing would be encrypted');
  }
  return { url, token: own ?? readText(env, 'API_TOKEN'), ...(ca !== undefined && { ca }) };
}
