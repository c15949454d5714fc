import { ReconcileError } from './errors.js';
import type { InfluxServer } from './influx-server.js';
import { identifier, source, type TimeRange, within } from './influxql.js';
import { fieldText, isWritable, seriesText } from './line-text.js';
import type { Field } from './schema.js';

/** The part of one point that `fields` names. */
export interface Point {
  /** Measurement and tags, as line protocol. */
  readonly series: string;
  readonly timeNs: bigint;
  /** `name=value`, in the order of the fields asked for; undefined where the point lacks it. */
  readonly fields: ReadonlyArray<string | undefined>;
}

/** Reads points series by series, as they come. */
export async function* readPoints(
  server: InfluxServer,
  measurement: string,
  fields: readonly Field[],
  range: TimeRange,
): AsyncGenerator<Point> {
  const columns = fields.map(({ name, type }) => `${identifier(name)}::${type}`).join(', ');
  const from = source(measurement, server.retentionPolicy);
  const text = `SELECT ${columns} FROM ${from} WHERE ${within(range)} GROUP BY *`;
  for await (const { tags, values } of server.query(text)) {
    if (!isWritable(measurement, tags)) {
      throw new ReconcileError(
        `${server.url} has a series whose name cannot be written as line protocol: ${JSON.stringify(tags)}`,
      );
    }
    const series = seriesText(measurement, tags);
    for (const [time, ...cells] of values) {
      const texts = fields.map(({ name, type }, index) => fieldText(name, type, cells[index]));
      yield { series, timeNs: BigInt(String(time)), fields: texts };
    }
  }
}

/** A point as line protocol. */
export const pointText = ({ series, timeNs, fields }: Point): string =>
  `${series} ${fields.filter((field) => field !== undefined).join(',')} ${timeNs}`;
