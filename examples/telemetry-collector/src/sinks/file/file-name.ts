/** A file of points: when it was begun and its number tell files apart, and sort them. */
export interface FileName {
  readonly name: string;
  readonly number: number;
  readonly begunMs: number;
}

const PATTERN = /^points-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z-(\d{6,15})\.lp$/;

/** `points-20261122T040512Z-000001.lp`: line protocol, begun at that instant. */
export function fileName(number: number, begunMs: number): FileName {
  const instant = new Date(begunMs).toISOString().replace(/[-:]|\.\d+/g, '');
  return { name: `points-${instant}-${String(number).padStart(6, '0')}.lp`, number, begunMs };
}

/** Nothing: the name is none of ours. */
export function parseFileName(name: string): FileName | undefined {
  const match = PATTERN.exec(name);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, number] = match.map(Number);
  const begunMs = Date.UTC(year!, month! - 1, day, hour, minute, second);
  return { name, number: number!, begunMs };
}
