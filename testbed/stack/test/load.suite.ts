import { setTimeout as pause } from 'node:timers/promises';
import { exchange } from '../../src/oracle/exchange.js';
import { type Judgement, judge, storedInInflux } from '../../src/oracle/judge.js';
import { Producer } from '../../src/oracle/producer.js';
import type { LiveStack } from '../live-stack.js';

/** A client tries what failed once more, after this pause. */
const RETRY_AFTER_MS = 500;
const READ_EVERY_MS = 250;
const POINTS_PER_WRITE = 20;
const PATIENCE_MS = 10_000;

/** A read through the proxy: how many points it counted. */
interface Read {
  readonly atMs: number;
  readonly points: number;
}

/** A writer and a reader that go through the proxy, as clients that try once more what failed. */
export class Load implements AsyncDisposable {
  readonly writes: Producer;
  readonly reads: Read[] = [];
  /** Reads that failed twice, in words. */
  readonly failedReads: string[] = [];
  /** Reads that failed once. */
  healedReads = 0;
  readonly #stack: LiveStack;
  #isReading = true;
  readonly #reading: Promise<void>;

  constructor(stack: LiveStack) {
    this.#stack = stack;
    this.writes = new Producer({
      url: () => this.#front,
      name: 'client',
      database: stack.plan.stack.backends.bucket,
      pointsPerWrite: POINTS_PER_WRITE,
      writers: 3,
      pauseMs: 50,
      retryAfterMs: RETRY_AFTER_MS,
      headers: { authorization: `Token ${stack.secrets['API_TOKEN']}` },
    });
    this.writes.start();
    this.#reading = this.#read();
  }

  /** Writes that failed twice, by the status of their answer. */
  get failedWrites(): Array<[status: string, count: number]> {
    return [...this.writes.answers].filter(([status]) => status !== '204');
  }

  async stop(): Promise<void> {
    this.#isReading = false;
    await Promise.all([this.writes.stop(), this.#reading]);
  }

  /** What each backend, asked by its own address, holds of what was accepted. */
  judgements(): Promise<Judgement[]> {
    const { bucket } = this.#stack.plan.stack.backends;
    return Promise.all(
      this.#stack.backends.map(async (name) =>
        judge(this.writes, await storedInInflux(this.writes, this.#stack.url(name), bucket)),
      ),
    );
  }

  /** Reads that counted less than this share of what had been accepted so long before. */
  staleReads(afterMs: number, share: number): Read[] {
    const accepted = [...this.writes.acceptedAtMs.values()].sort((a, b) => a - b);
    let writes = 0;
    return this.reads.filter(({ atMs, points }) => {
      while (writes < accepted.length && accepted[writes]! < atMs - afterMs) writes++;
      return points < writes * POINTS_PER_WRITE * share;
    });
  }

  get #front(): string {
    return this.#stack.url('load-balancer', this.#stack.plan.stack.backends.port);
  }

  async #read(): Promise<void> {
    while (this.#isReading) {
      const first = await this.#readOnce();
      if (typeof first === 'string') {
        await pause(RETRY_AFTER_MS);
        const second = await this.#readOnce();
        if (typeof second === 'string') this.failedReads.push(`${first}; then ${second}`);
        else this.healedReads++;
      }
      await pause(READ_EVERY_MS);
    }
  }

  /** The failure in words, if it failed. */
  async #readOnce(): Promise<string | undefined> {
    const atMs = performance.now();
    const q = `SELECT count("n") FROM "${this.writes.measurement}"`;
    const query = new URLSearchParams({ db: this.#stack.plan.stack.backends.bucket, q });
    try {
      const { status, text } = await exchange(`${this.#front}/query?${query}`, { timeoutMs: PATIENCE_MS });
      if (status !== 200) return `${status}: ${text.slice(0, 200)}`;
      this.reads.push({ atMs, points: countIn(text) });
      return undefined;
    } catch (error) {
      return String(error);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function countIn(text: string): number {
  const { results } = JSON.parse(text) as { results: [{ error?: string; series?: [{ values: [[string, number]] }] }] };
  if (results[0].error !== undefined) throw new Error(results[0].error);
  return results[0].series?.[0].values[0][1] ?? 0;
}
