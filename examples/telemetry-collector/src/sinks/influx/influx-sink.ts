import {
  type Classify,
  type Clock,
  ConfigError,
  type Context,
  circuitBreaker,
  type Measured,
  pipeline,
  type Random,
  type Recorder,
  RejectedError,
  retry,
  systemClock,
  TimeoutError,
  timeout,
} from '@breakwater/resilience';
import { httpPool, type NameLookupOptions, nameLookup } from '@breakwater/resilience/http';
import { errors } from 'undici';
import { LineAccount } from '../line-account.js';
import type { Sink } from '../sink.js';
import { type LostReason, SinkError } from '../sink-error.js';
import type { FailedAnswer } from './answer.js';
import { type Batch, batchesOf, halves } from './batches.js';
import type { InfluxTarget } from './dialect.js';
import { InfluxWriter, type WriteAnswer } from './writer.js';

export interface InfluxSinkOptions extends InfluxTarget {
  /** How long one request may take, in milliseconds. Default 10,000. */
  timeoutMs?: number;
  /** How often a request is made at most while the server is overloaded or away. Default 3. */
  maxAttempts?: number;
  /** Failures in a row after which the server is left alone, and for how long, in milliseconds. Default 5 and 10,000. */
  failureThreshold?: number;
  recoveryTimeoutMs?: number;
  /** Lines and bytes of one request. Default 5,000 and 10 MB; less once the server finds that too large. */
  maxBatchLines?: number;
  maxBatchBytes?: number;
  /** What may be on its way, in lines; more is lost, and counted. Default 200,000. */
  maxPendingLines?: number;
  /** How the server's name is looked up. Default: as the system does. */
  dns?: NameLookupOptions;
  clock?: Clock;
  random?: Random;
  /** Told what an operator should know, in a line. */
  onNotice?: (notice: string) => void;
}

/** Slow targets must not keep the sink from its server, so it has sockets of its own. */
const MAX_CONNECTIONS = 4;
/** Requests that one write may spend on finding its bad lines. */
const SEARCH_REQUESTS = 64;

/** An answer that says nothing about the lines, only about the server's state. */
const isFailure: Classify = (outcome) => {
  if ('error' in outcome) return 'failure';
  const answer = outcome.value as WriteAnswer;
  if (answer.kind !== 'failed') return 'success';
  return answer.isTransient ? 'failure' : 'ignore';
};

/**
 * Writes to one InfluxDB server, of 1.x or 2.x. What the server will not have is searched for, down to the line, and
 * counted as refused with the server's words; what it could not take in a few attempts is counted as lost: durable
 * delivery is another sink's business. Every configured server gets everything: see `FanOut`.
 */
export class InfluxSink implements Sink {
  readonly name: string;
  readonly #account: LineAccount;
  readonly #writer: InfluxWriter;
  readonly #policies;
  readonly #pool;
  readonly #measured: readonly Measured[];
  readonly #options: InfluxSinkOptions;
  readonly #maxBatchLines: number;
  #maxBatchBytes: number;
  #pendingLines = 0;
  readonly #writing = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  constructor(options: InfluxSinkOptions) {
    if (options.bucket === '') throw new ConfigError('influx sink: bucket is empty; it must name a bucket or database');
    const { address, clock = systemClock, random = Math.random, timeoutMs = 10_000 } = options;
    this.name = address;
    this.#options = options;
    this.#maxBatchLines = options.maxBatchLines ?? 5_000;
    this.#maxBatchBytes = options.maxBatchBytes ?? 10_000_000;
    this.#account = new LineAccount(address, clock);
    const common = { name: address, clock, classify: isFailure };
    const again = retry({
      ...common,
      random,
      maxAttempts: options.maxAttempts ?? 3,
      baseDelayMs: 200,
      maxDelayMs: 5_000,
      maxRetryAfterMs: 10_000,
    });
    const breaker = circuitBreaker({
      ...common,
      random,
      failureThreshold: options.failureThreshold ?? 5,
      recoveryTimeoutMs: options.recoveryTimeoutMs ?? 10_000,
      recoveryJitter: 0.1,
      successThreshold: 1,
    });
    const limit = timeout({ name: address, clock, timeoutMs });
    this.#policies = pipeline(again, breaker, limit);
    const lookup = nameLookup({ name: address, clock, ...options.dns });
    this.#pool = httpPool({
      name: address,
      clock,
      maxConnections: MAX_CONNECTIONS,
      connectTimeoutMs: timeoutMs,
      readTimeoutMs: timeoutMs,
      nameLookup: lookup,
    });
    this.#measured = [this.#account, again, breaker, limit, this.#pool, lookup];
    this.#writer = new InfluxWriter(options, this.#pool);
  }

  async write(lines: readonly string[], context: Context): Promise<void> {
    if (lines.length === 0) return;
    this.#account.take(lines.length);
    if (this.#closed !== undefined) throw this.#lose({ reason: 'closed' }, lines.length);
    const { maxPendingLines = 200_000 } = this.#options;
    if (this.#pendingLines + lines.length > maxPendingLines) throw this.#lose({ reason: 'queue-full' }, lines.length);
    this.#pendingLines += lines.length;
    const writing = this.#deliver(lines, context);
    this.#writing.add(writing);
    try {
      await writing;
    } finally {
      this.#writing.delete(writing);
      this.#pendingLines -= lines.length;
    }
  }

  async #deliver(lines: readonly string[], context: Context): Promise<void> {
    const delivery = new Delivery(lines.length);
    // A stack, so that a batch that is cut in two goes on in order.
    const batches = batchesOf(lines, this.#maxBatchLines, this.#maxBatchBytes).reverse();
    try {
      for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
        const result = await this.#send(batch, context);
        if (result.kind === 'lost') throw this.#lose(result, delivery.left);
        if (result.kind === 'stored') {
          this.#account.written(batch.lines.length, batch.bytes);
          delivery.left -= batch.lines.length;
        } else {
          batches.push(...this.#refuseOrCut(batch, result, delivery));
        }
      }
    } finally {
      const { refused, words } = delivery;
      if (refused > 0) this.#options.onNotice?.(`${this.name} refused ${refused} of ${lines.length} lines: ${words}`);
    }
  }

  /** What is to be tried next of a batch that the server will not have as it is: nothing, or its halves, last first. */
  #refuseOrCut(batch: Batch, answer: RefusingAnswer, delivery: Delivery): Batch[] {
    const { length } = batch.lines;
    const isTooLarge = answer.kind === 'too-large';
    if (length > 1 && delivery.searches < SEARCH_REQUESTS) {
      if (isTooLarge) this.#learnLimit(batch);
      delivery.searches += 2;
      return halves(batch).reverse();
    }
    const reason = length > 1 ? 'not-searched' : isTooLarge ? 'too-large' : 'bad-line';
    this.#account.refused(reason, length);
    delivery.refuse(length, answer.words);
    return [];
  }

  #learnLimit({ bytes }: Batch): void {
    if (bytes > this.#maxBatchBytes) return;
    this.#maxBatchBytes = Math.ceil(bytes / 2);
    this.#options.onNotice?.(
      `${this.name} finds ${bytes} bytes too large: it gets ${this.#maxBatchBytes} at once from now on`,
    );
  }

  /** Sends a batch, again where that may help. Never fails. */
  async #send(batch: Batch, { signal, deadline }: Context): Promise<Exclude<WriteAnswer, FailedAnswer> | Loss> {
    const post = (context: Context) => this.#account.timed(() => this.#writer.send(batch, context));
    try {
      const answer = await this.#policies.execute(post, { signal, deadline });
      return answer.kind === 'failed' ? { kind: 'lost', reason: answer.reason, detail: answer.words } : answer;
    } catch (error) {
      return { kind: 'lost', reason: reasonOf(error, signal), detail: messageOf(error), error };
    }
  }

  #lose({ reason, detail, error }: Omit<Loss, 'kind'>, lines: number): SinkError {
    this.#account.lost(reason, lines);
    return new SinkError(this.name, reason, lines, detail, error);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#writing);
    await this.#pool.close();
  }

  measure(record: Recorder): void {
    for (const measured of this.#measured) measured.measure(record);
  }
}

type RefusingAnswer = Extract<WriteAnswer, { kind: 'bad-lines' | 'too-large' }>;

interface Loss {
  readonly kind: 'lost';
  readonly reason: LostReason;
  readonly detail?: string;
  readonly error?: unknown;
}

/** How far the lines of one write have come. */
class Delivery {
  /** Lines of which it is not known yet what becomes of them. */
  left: number;
  searches = 0;
  refused = 0;
  /** What the server said first. */
  words = '';

  constructor(lines: number) {
    this.left = lines;
  }

  refuse(lines: number, words: string): void {
    if (this.refused === 0) this.words = words;
    this.left -= lines;
    this.refused += lines;
  }
}

const TIMEOUTS = [errors.ConnectTimeoutError, errors.HeadersTimeoutError, errors.BodyTimeoutError] as const;

function reasonOf(error: unknown, signal: AbortSignal): LostReason {
  if (signal.aborted) return 'aborted';
  if (error instanceof TimeoutError || TIMEOUTS.some((kind) => error instanceof kind)) return 'timeout';
  if (!(error instanceof RejectedError)) return 'network';
  switch (error.reason) {
    case 'deadline':
    case 'queue-timeout':
      return 'timeout';
    case 'aborted':
      return 'aborted';
    case 'shutdown':
      return 'closed';
    case 'queue-full':
      return 'queue-full';
    default:
      return 'circuit-open';
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
