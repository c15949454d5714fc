/** What a line of the log says of itself. Its timestamp is in nanoseconds, and always there. */
export interface LoggedPoint {
  readonly measurement: string;
  readonly timeNs: bigint;
}

export function pointOf(line: string): LoggedPoint {
  const measurement = /^(?:\\[\s\S]|[^\\, ])*/.exec(line)?.[0] ?? '';
  return {
    measurement: measurement.replace(/\\([, ])/g, '$1'),
    timeNs: BigInt(line.slice(line.lastIndexOf(' ') + 1)),
  };
}
