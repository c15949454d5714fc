import { ConfigError, type Environment, readNumber } from '@breakwater/resilience';
import type { NameLookupOptions } from '@breakwater/resilience/http';
import type { FileSinkOptions } from '../sinks/file/file-sink.js';
import { influxAddress } from '../sinks/influx/address.js';
import type { InfluxSinkOptions } from '../sinks/influx/influx-sink.js';
import type { Problems } from './problems.js';
import { readChoice, readSecret, readText } from './values.js';

export type SinkConfig =
  | ({ readonly kind: 'file' } & Readonly<Omit<FileSinkOptions, 'clock' | 'storage' | 'onNotice'>>)
  | ({ readonly kind: 'influx' } & Readonly<Omit<InfluxSinkOptions, 'clock' | 'random' | 'onNotice'>>);

const MOST_SERVERS = 16;
const KIB = 1024;
const TIB = KIB ** 4;

/** The servers of `INFLUX_URLS`, and files where there is none or `FILE_SINK` says `on`. */
export function readSinks(
  env: Environment,
  directory: string,
  dns: NameLookupOptions,
  problems: Problems,
): SinkConfig[] {
  const addresses = problems.attempt(() => readAddresses(env)) ?? [];
  const wish = problems.attempt(() => readChoice(env, 'FILE_SINK', ['auto', 'on', 'off'], 'auto'));
  const file = readFile(env, directory, problems);
  const influx = readInflux(env, addresses, dns, problems);
  if (wish === 'off' && addresses.length === 0) {
    problems.add('FILE_SINK is "off" and INFLUX_URLS is not set: points would go nowhere');
  }
  return wish === 'on' || addresses.length === 0 ? [file, ...influx] : influx;
}

function readAddresses(env: Environment): string[] {
  const texts = (readText(env, 'INFLUX_URLS') ?? '').split(/[\s,]+/).filter((text) => text !== '');
  if (texts.length > MOST_SERVERS) {
    throw new ConfigError(`INFLUX_URLS holds ${texts.length} servers; at most ${MOST_SERVERS} are allowed`);
  }
  const addresses = texts.map((text) => influxAddress(text, 'INFLUX_URLS'));
  const twice = addresses.find((address, index) => addresses.indexOf(address) !== index);
  if (twice !== undefined) throw new ConfigError(`INFLUX_URLS holds ${twice} twice; it would get everything twice`);
  return addresses;
}

function readInflux(
  env: Environment,
  addresses: readonly string[],
  dns: NameLookupOptions,
  problems: Problems,
): SinkConfig[] {
  const bucket = readText(env, 'INFLUX_BUCKET');
  if (addresses.length > 0 && bucket === undefined) {
    problems.add('INFLUX_URLS is set and INFLUX_BUCKET is not: it names the bucket, on 1.x the database');
  }
  const token = problems.attempt(() => readSecret(env, 'INFLUX_TOKEN')) ?? '';
  const timeoutS = problems.attempt(() => readNumber(env, 'INFLUX_TIMEOUT', { default: 10, min: 0.1, max: 300 })) ?? 0;
  const common = {
    org: readText(env, 'INFLUX_ORG') ?? '',
    bucket: bucket ?? '',
    token,
    timeoutMs: timeoutS * 1000,
    dns,
  };
  return addresses.map((address) => ({ kind: 'influx', address, ...common }));
}

function readFile(env: Environment, directory: string, problems: Problems): SinkConfig {
  const number = (name: string, standard: number, min: number, max: number): number =>
    problems.attempt(() => readNumber(env, name, { default: standard, min, max, integer: true })) ?? Number.NaN;
  const maxFileBytes = number('FILE_SINK_MAX_FILE_BYTES', 64 * KIB ** 2, 64 * KIB, 4 * KIB ** 3);
  const maxTotalBytes = number('FILE_SINK_MAX_BYTES', KIB ** 3, 128 * KIB, 16 * TIB);
  const maxFileAgeMs = number('FILE_SINK_MAX_FILE_AGE', 86_400, 60, 31_536_000) * 1000;
  if (maxTotalBytes < 2 * maxFileBytes) {
    problems.add(
      `FILE_SINK_MAX_BYTES is ${maxTotalBytes}; it must be at least twice FILE_SINK_MAX_FILE_BYTES, ${2 * maxFileBytes}`,
    );
  }
  return { kind: 'file', directory, maxFileBytes, maxTotalBytes, maxFileAgeMs };
}
