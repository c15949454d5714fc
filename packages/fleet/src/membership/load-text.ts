import type { Load } from './load.js';

/** The figures in the order in which they are written: what comes later in time is appended, none is ever moved. */
const FIGURES = [
  'cpu',
  'memory',
  'eventLoopLagMs',
  'activeConnections',
  'throughput',
  'p95Ms',
  'queueDepth',
  'consumerLag',
] as const satisfies readonly (keyof Load)[];

const MOST_MORE = 16;
const LONGEST_NAME = 64;
const LONGEST_TEXT = 4_096;

/** A load as it is stored: a JSON list of its figures, `null` for those that are not told, then what else there is. */
export function loadText(load: Load): string {
  const figures: (number | Record<string, number> | null)[] = FIGURES.map((name) => told(load[name]));
  const more = Object.entries(load.more ?? {})
    .filter(([name, value]) => name.length <= LONGEST_NAME && Number.isFinite(value))
    .slice(0, MOST_MORE)
    .map(([name, value]) => [name, short(value)]);
  if (more.length > 0) figures.push(Object.fromEntries(more));
  while (figures.length > 0 && figures.at(-1) === null) figures.pop();
  return figures.length === 0 ? '' : JSON.stringify(figures);
}

/** Reads what `loadText` wrote; undefined: it is damaged. What a newer version appended is passed over. */
export function readLoad(text: string): Load | undefined {
  if (text === '') return {};
  if (text.length > LONGEST_TEXT) return undefined;
  let figures: unknown;
  try {
    figures = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(figures)) return undefined;
  const last: unknown = figures.at(-1);
  const hasMore = typeof last === 'object' && last !== null;
  const count = hasMore ? figures.length - 1 : figures.length;
  const load: { -readonly [name in keyof Load]: Load[name] } = {};
  // Plain loops: a console reads ten thousand of these at once.
  for (let index = 0; index < count; index++) {
    const figure: unknown = figures[index];
    if (typeof figure === 'number') {
      const name = FIGURES[index];
      if (name !== undefined) load[name] = figure;
    } else if (figure !== null) return undefined;
  }
  if (!hasMore) return load;
  if (!isMore(last)) return undefined;
  load.more = last;
  return load;
}

function isMore(value: object): value is Record<string, number> {
  if (Array.isArray(value)) return false;
  let count = 0;
  for (const name in value) {
    const figure: unknown = (value as Record<string, unknown>)[name];
    if (++count > MOST_MORE || name.length > LONGEST_NAME || !Number.isFinite(figure)) return false;
  }
  return true;
}

// Six digits are more than any load is measured to, and a third of the bytes.
const short = (value: number): number => Number(value.toPrecision(6));
const told = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? short(value) : null;
