import type { Producer } from './producer.js';

/** What a backend holds of a producer's points. */
export interface Judgement {
  /** Accepted, and not there. */
  readonly missing: readonly number[];
  /** There, and neither accepted nor unanswered. */
  readonly unasked: readonly number[];
  /** Numbers that are there. */
  readonly stored: number;
}

/** Compares what a producer was promised with what a backend gives back. */
export function judge(producer: Producer, stored: ReadonlySet<number>): Judgement {
  return {
    missing: [...producer.accepted].filter((number) => !stored.has(number)),
    unasked: [...stored].filter((number) => !producer.accepted.has(number) && !producer.unanswered.has(number)),
    stored: stored.size,
  };
}

/** The numbers of a producer's points that an InfluxDB 1.x gives back, each at its own time. */
export async function storedInInflux(producer: Producer, url: string, database = 'telemetry'): Promise<Set<number>> {
  const query = `SELECT "n" FROM "${producer.measurement}" WHERE "producer" = '${producer.name}'`;
  const answer = await fetch(
    `${url}/query?${new URLSearchParams({ db: database, epoch: 'ms', q: query, chunked: 'true' })}`,
  );
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  const stored = new Set<number>();
  for (const line of (await answer.text()).split('\n')) {
    if (line === '') continue;
    const { results } = JSON.parse(line) as { results: Array<{ series?: Array<{ values: Array<[number, number]> }> }> };
    for (const { series } of results) {
      for (const { values } of series ?? []) for (const [time, number] of values) keep(stored, producer, time, number);
    }
  }
  return stored;
}

/** The same of a VictoriaMetrics; what it was sent last shows after a flush and a second. */
export async function storedInVictoria(producer: Producer, url: string): Promise<Set<number>> {
  const match = `${producer.measurement}_n{producer="${producer.name}"}`;
  const answer = await fetch(`${url}/api/v1/export?${new URLSearchParams({ 'match[]': match })}`);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  const stored = new Set<number>();
  for (const line of (await answer.text()).split('\n')) {
    if (line === '') continue;
    const { values, timestamps } = JSON.parse(line) as { values: number[]; timestamps: number[] };
    for (const [index, number] of values.entries()) keep(stored, producer, timestamps[index]!, number);
  }
  return stored;
}

function keep(stored: Set<number>, producer: Producer, timeMs: number, number: number): void {
  if (timeMs !== producer.timeOf(number)) {
    throw new Error(`point ${number} of ${producer.name} is at ${timeMs}, not at ${producer.timeOf(number)}`);
  }
  stored.add(number);
}
