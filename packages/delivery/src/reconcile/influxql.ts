/** A name in a query: `"tide"`. */
export const identifier = (name: string): string =>
  `"${name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`;

/** The measurement in a `FROM` clause, with its retention policy if one was named. */
export const source = (measurement: string, retentionPolicy: string | undefined): string =>
  retentionPolicy === undefined ? identifier(measurement) : `${identifier(retentionPolicy)}.${identifier(measurement)}`;

/** From `startNs` to before `endNs`. */
export interface TimeRange {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

export const within = ({ startNs, endNs }: TimeRange): string => `time >= ${startNs} AND time < ${endNs}`;
