import type { Point } from './points.js';

/** What one side lacks of the other's points. */
export interface Difference {
  /** Points of `from`, or those of their fields, that `to` lacks or has with another value. */
  readonly forTo: readonly Point[];
  /** Points of `to`, or those of their fields, that `from` lacks. */
  readonly forFrom: readonly Point[];
}

/** Compares the points of two sides, in whatever order they come. Holds all points of one side in memory. */
export async function differenceOf(from: AsyncIterable<Point>, to: AsyncIterable<Point>): Promise<Difference> {
  const rest = new Map<string, Point>();
  for await (const point of to) rest.set(`${point.series} ${point.timeNs}`, point);
  const [forTo, forFrom]: [Point[], Point[]] = [[], []];
  for await (const point of from) {
    const key = `${point.series} ${point.timeNs}`;
    const other = rest.get(key);
    rest.delete(key);
    keepSome(forTo, point, (field, index) => field !== other?.fields[index]);
    if (other !== undefined) keepSome(forFrom, other, (_, index) => point.fields[index] === undefined);
  }
  for (const point of rest.values()) forFrom.push(point);
  return { forTo, forFrom };
}

function keepSome(into: Point[], point: Point, wanted: (field: string, index: number) => boolean): void {
  const fields = point.fields.map((field, index) => (field !== undefined && wanted(field, index) ? field : undefined));
  if (fields.some((field) => field !== undefined)) into.push({ ...point, fields });
}
