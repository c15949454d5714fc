import type { FieldValue, Reading } from '../probes/probe.js';
import { presentable } from './turn-error.js';

type Fields = Reading['fields'];

const LONGEST = 80;
/** Series or fields that are shown when there are many. */
const SHOWN = 2;

/** What is worth saying of a measurement, by its name. Undefined where the fields for it are missing. */
const GISTS: Readonly<Record<string, (fields: Fields) => string | undefined>> = {
  http: ({ status, body_bytes }) => `${show(status)}, ${show(body_bytes)} bytes`,
  tcp: ({ connect_ms }) => `connected in ${show(connect_ms)} ms`,
  dns: ({ answers, ttl_seconds }) =>
    `${show(answers)} ${answers === 1 ? 'answer' : 'answers'}${ttl_seconds === undefined ? '' : `, TTL ${show(ttl_seconds)} s`}`,
  host_cpu: ({ busy_percent }) => `CPU ${percent(busy_percent)}`,
  host_memory: ({ used_percent }) => (used_percent === undefined ? undefined : `memory ${percent(used_percent)}`),
  host_system: ({ load1 }) => `load ${show(load1)}`,
  prometheus_scrape: ({ series, series_kept }) => `${show(series_kept)} of ${show(series)} series`,
  snmp_system: ({ uptime_seconds }) => `up ${show(uptime_seconds)} s`,
};

/** In a few words what was measured; undefined when nothing was. */
export function summarise(readings: readonly Reading[]): string | undefined {
  if (readings.length === 0) return undefined;
  const gists: string[] = [];
  const others: Reading[] = [];
  for (const reading of readings) {
    const gist = GISTS[reading.measurement]?.(reading.fields);
    if (gist !== undefined) gists.push(gist);
    else if (others.length <= SHOWN) others.push(reading);
  }
  // Series of a page speak for themselves; what a known measurement adds besides its gist does not.
  const named = gists.length === 0 || readings[0]!.measurement === 'prometheus_scrape' ? others.slice(0, SHOWN) : [];
  return presentable([...gists, ...named.map(plain)].join(', ')).slice(0, LONGEST);
}

/** A measurement that is not known: its name and its first field. */
function plain({ measurement, fields }: Reading): string {
  const [[name, value] = ['', '']] = Object.entries(fields);
  return name === 'value' ? `${measurement} ${show(value)}` : `${measurement} ${name} ${show(value)}`;
}

function show(value: FieldValue | undefined): string {
  if (typeof value !== 'number') return value === undefined ? '?' : String(value);
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}

const percent = (value: FieldValue | undefined): string => (typeof value === 'number' ? `${Math.round(value)} %` : '?');
