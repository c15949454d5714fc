import { setTimeout as pause } from 'node:timers/promises';
import { exchange } from './exchange.js';

export interface ProducerOptions {
  /** Where writes go, asked anew for every one: a server that was restarted may have moved. */
  url: () => string;
  /** Tag of every point: one producer's points are told from another's. */
  name: string;
  database?: string;
  /** Default 500. */
  pointsPerWrite?: number;
  /** Writes under way at once. Default 4. */
  writers?: number;
  /** Pause of a writer after each write, in milliseconds. Default 0. */
  pauseMs?: number;
  headers?: Readonly<Record<string, string>>;
  /** After how many milliseconds a write that was not accepted is sent once more. Default: it is not. */
  retryAfterMs?: number;
}

const MEASUREMENT = 'oracle';

/**
 * Writes numbered points as fast as it is let, and keeps which of them were accepted: answered with 204. A write without
 * such an answer is not tried again, unless `retryAfterMs` says so: every accepted point was then accepted once. Points are a millisecond apart.
 */
export class Producer {
  readonly name: string;
  readonly measurement = MEASUREMENT;
  /** Numbers of accepted points. */
  readonly accepted = new Set<number>();
  /** Numbers of points whose write got no answer: they may have been accepted. */
  readonly unanswered = new Set<number>();
  /** When each accepted write was answered, in monotonic milliseconds, by the number of its first point. */
  readonly acceptedAtMs = new Map<number, number>();
  /** Writes by their answer's status; `none` for those without one. */
  readonly answers = new Map<string, number>();
  /** Writes that were sent again and accepted then. */
  healed = 0;
  /** Writes that wait for their answer. */
  underWay = 0;
  readonly #options: ProducerOptions;
  readonly #firstMs = Date.now() - 86_400_000;
  #next = 0;
  #running = false;
  #writers: Promise<void>[] = [];

  constructor(options: ProducerOptions) {
    this.#options = options;
    this.name = options.name;
  }

  start(): void {
    this.#running = true;
    this.#writers = Array.from({ length: this.#options.writers ?? 4 }, () => this.#write());
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#writers);
  }

  /** The timestamp of a point, in milliseconds since the epoch. */
  timeOf(number: number): number {
    return this.#firstMs + number;
  }

  async #write(): Promise<void> {
    while (this.#running) {
      const from = this.#next;
      this.#next += this.#options.pointsPerWrite ?? 500;
      const status = await this.#deliver(from, this.#next);
      this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
      const kept = status === '204' ? this.accepted : status === 'none' ? this.unanswered : undefined;
      if (status === '204') this.acceptedAtMs.set(from, performance.now());
      if (kept !== undefined) for (let number = from; number < from + this.#points; number++) kept.add(number);
      // Whoever refuses wants to be left alone for a moment.
      await pause(status === '204' ? (this.#options.pauseMs ?? 0) : 50);
    }
  }

  get #points(): number {
    return this.#options.pointsPerWrite ?? 500;
  }

  async #deliver(from: number, to: number): Promise<string> {
    const status = await this.#send(from, to);
    const { retryAfterMs } = this.#options;
    if (status === '204' || retryAfterMs === undefined) return status;
    await pause(retryAfterMs);
    const second = await this.#send(from, to);
    if (second === '204') this.healed++;
    // The first may have been accepted though nobody was told.
    return second === '204' || status !== 'none' ? second : 'none';
  }

  async #send(from: number, to: number): Promise<string> {
    const lines: string[] = [];
    for (let number = from; number < to; number++) {
      lines.push(`${MEASUREMENT},producer=${this.name} n=${number}i ${this.timeOf(number)}000000`);
    }
    this.underWay++;
    try {
      const { url, database = 'telemetry', headers = {} } = this.#options;
      const body = `${lines.join('\n')}\n`;
      const { status } = await exchange(`${url()}/write?db=${database}`, { method: 'POST', body, headers });
      return String(status);
    } catch {
      return 'none';
    } finally {
      this.underWay--;
    }
  }
}
