import type { InfluxServer } from './influx-server.js';
import { identifier, source, type TimeRange, within } from './influxql.js';
import type { Cell } from './query-lines.js';
import type { Field } from './schema.js';

/** How many values each field has, in the order of the fields. */
export type Counts = readonly number[];

export const totalOf = (counts: Counts): number => counts.reduce((sum, each) => sum + each, 0);

export const sameCounts = (a: Counts, b: Counts): boolean => a.every((count, index) => count === b[index]);

const selection = (fields: readonly Field[]): string =>
  fields.map(({ name, type }) => `count(${identifier(name)}::${type})`).join(', ');

const numbers = (cells: readonly Cell[]): Counts => cells.map((cell) => Number(cell ?? 0));

/** In the whole range. */
export async function countAll(
  server: InfluxServer,
  measurement: string,
  fields: readonly Field[],
  range: TimeRange,
): Promise<Counts> {
  const text = `SELECT ${selection(fields)} FROM ${source(measurement, server.retentionPolicy)} WHERE ${within(range)}`;
  let counts: Counts = fields.map(() => 0);
  for await (const { values } of server.query(text)) {
    for (const [, ...cells] of values) counts = numbers(cells);
  }
  return counts;
}

/** In each window that has values, by its start. */
export async function countWindows(
  server: InfluxServer,
  measurement: string,
  fields: readonly Field[],
  range: TimeRange,
  windowNs: bigint,
): Promise<Map<bigint, Counts>> {
  const windows = new Map<bigint, Counts>();
  const from = source(measurement, server.retentionPolicy);
  const text = `SELECT ${selection(fields)} FROM ${from} WHERE ${within(range)} GROUP BY time(${windowNs}ns) fill(none)`;
  for await (const { values } of server.query(text)) {
    for (const [time, ...cells] of values) windows.set(BigInt(String(time)), numbers(cells));
  }
  return windows;
}
