/** Both sides of a comparison, in nanoseconds an operation: the median over rounds that alternate between them. */
export interface Measured {
  readonly oursNs: number;
  readonly peerNs: number;
}

/** Runs the operation `times` times, one after the other or as it likes. */
export type Batch = (times: number) => Promise<void>;

export interface MeasureOptions {
  /** How many rounds count. One more is run first and thrown away. Default 9. */
  rounds?: number;
  /** Operations a side in each round. Default 200,000. */
  times?: number;
  /** Operations of the peer in each round, where it is far slower. Default `times`. */
  peerTimes?: number;
}

/** Alternates the two sides, so that a noisy neighbour or a warming JIT meets both. */
export async function compare(ours: Batch, peer: Batch, options: MeasureOptions = {}): Promise<Measured> {
  const { rounds = 9, times = 200_000, peerTimes = times } = options;
  const oursNs: number[] = [];
  const peerNs: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const mine = await timeOf(ours, times);
    const theirs = await timeOf(peer, peerTimes);
    if (round === 0) continue;
    oursNs.push(mine);
    peerNs.push(theirs);
  }
  return { oursNs: median(oursNs), peerNs: median(peerNs) };
}

async function timeOf(batch: Batch, times: number): Promise<number> {
  const started = process.hrtime.bigint();
  await batch(times);
  return Number(process.hrtime.bigint() - started) / times;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** For weighing only: a full collection between timed rounds would also throw away what the JIT has learnt. */
export function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('start the benchmark with node --expose-gc: npm run bench does');
  globalThis.gc();
}

/** One call after the other. */
export const sequential =
  (call: () => Promise<unknown>): Batch =>
  async (times) => {
    for (let index = 0; index < times; index++) await call();
  };

/** `callers` loops side by side. */
export const concurrent =
  (callers: number, call: () => Promise<unknown>): Batch =>
  async (times) => {
    let left = times;
    const caller = async () => {
      while (left-- > 0) await call();
    };
    await Promise.all(Array.from({ length: callers }, caller));
  };
