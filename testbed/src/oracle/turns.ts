import type { Poll } from './target-server.js';

/** Turns in a row of which a backend has no point. */
export interface Gap {
  readonly target: string;
  /** The instant of the first of them, in epoch milliseconds. */
  readonly fromMs: number;
  readonly turns: number;
}

/** One turn that was polled more than once. */
export interface Repeat {
  readonly target: string;
  readonly instantMs: number;
  /** Who polled, in the order of arrival. */
  readonly by: readonly string[];
}

/** The instants of which a backend has points, by target. */
export type Stored = ReadonlyMap<string, ReadonlySet<number>>;

/** Which turns targets have, all with one interval, and what became of them at the server and in a backend. */
export class Turns {
  readonly targets: readonly string[];
  readonly intervalMs: number;
  readonly #offsets: ReadonlyMap<string, number>;

  /** `offsetOf`: where in the interval the turns of a target lie. */
  constructor(
    targets: readonly string[],
    intervalMs: number,
    offsetOf: (target: string, intervalMs: number) => number,
  ) {
    this.targets = targets;
    this.intervalMs = intervalMs;
    this.#offsets = new Map(targets.map((target) => [target, offsetOf(target, intervalMs)]));
  }

  /** The turn of a target that a poll at that time belongs to: a turn begins late, never early. */
  instantAt(target: string, atMs: number): number {
    const offsetMs = this.#offsets.get(target);
    if (offsetMs === undefined) throw new Error(`there is no target ${target}`);
    return Math.floor((atMs - offsetMs) / this.intervalMs) * this.intervalMs + offsetMs;
  }

  /** The instants of a target's turns from one time until before another. */
  *instants(target: string, fromMs: number, toMs: number): Generator<number> {
    let instantMs = this.instantAt(target, fromMs);
    if (instantMs < fromMs) instantMs += this.intervalMs;
    for (; instantMs < toMs; instantMs += this.intervalMs) yield instantMs;
  }

  /** How many turns all targets have in that time. */
  count(fromMs: number, toMs: number): number {
    let count = 0;
    for (const target of this.targets) for (const _ of this.instants(target, fromMs, toMs)) count++;
    return count;
  }

  /** The turns that lack a point. */
  gaps(stored: Stored, fromMs: number, toMs: number): Gap[] {
    const gaps: Gap[] = [];
    for (const target of this.targets) {
      let open: { target: string; fromMs: number; turns: number } | undefined;
      for (const instantMs of this.instants(target, fromMs, toMs)) {
        if (stored.get(target)?.has(instantMs) === true) open = undefined;
        else if (open !== undefined) open.turns++;
        else {
          open = { target, fromMs: instantMs, turns: 1 };
          gaps.push(open);
        }
      }
    }
    return gaps;
  }

  /** Points that no turn has. */
  strangers(stored: Stored): string[] {
    return [...stored].flatMap(([target, instants]) =>
      [...instants]
        .filter((instantMs) => !this.#offsets.has(target) || this.instantAt(target, instantMs) !== instantMs)
        .map((instantMs) => `${target} at ${instantMs}`),
    );
  }

  /**
   * The turns of that time that were polled more than once. A turn that has a point and no poll was polled so late that
   * the poll counts for the turn after it: it is given back.
   */
  repeats(polls: readonly Poll[], stored: Stored, fromMs: number, toMs: number): Repeat[] {
    const polled = this.#byTurn(polls);
    const repeats: Repeat[] = [];
    for (const target of this.targets) {
      for (const instantMs of this.instants(target, fromMs, toMs)) {
        const by = polled.get(`${target} ${instantMs}`) ?? [];
        const beforeMs = instantMs - this.intervalMs;
        const isLate = !polled.has(`${target} ${beforeMs}`) && stored.get(target)?.has(beforeMs) === true;
        const own = isLate ? by.slice(1) : by;
        if (own.length > 1) repeats.push({ target, instantMs, by: own });
      }
    }
    return repeats;
  }

  #byTurn(polls: readonly Poll[]): Map<string, string[]> {
    const polled = new Map<string, string[]>();
    for (const { target, by, atMs } of polls) {
      const key = `${target} ${this.instantAt(target, atMs)}`;
      const known = polled.get(key);
      if (known === undefined) polled.set(key, [by]);
      else known.push(by);
    }
    return polled;
  }
}

/** The instants of every target's turns that an InfluxDB 1.x has. */
export async function storedTurns(url: string, database = 'telemetry'): Promise<Map<string, Set<number>>> {
  const q = 'SELECT "up" FROM "telemetry_turn" GROUP BY "target"';
  const answer = await fetch(`${url}/query?${new URLSearchParams({ db: database, epoch: 'ms', q, chunked: 'true' })}`);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  const stored = new Map<string, Set<number>>();
  for (const line of (await answer.text()).split('\n')) {
    if (line === '') continue;
    const { results } = JSON.parse(line) as {
      results: Array<{ series?: Array<{ tags: { target: string }; values: Array<[number, number]> }> }>;
    };
    for (const { tags, values } of results.flatMap(({ series }) => series ?? [])) {
      const instants = stored.get(tags.target) ?? new Set();
      for (const [instantMs] of values) instants.add(instantMs);
      stored.set(tags.target, instants);
    }
  }
  return stored;
}
