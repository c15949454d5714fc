import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import {
  type Clock,
  ConfigError,
  type Measured,
  type Recorder,
  systemClock,
  TimeoutError,
} from '@breakwater/resilience';
import { type HttpPool, httpPool, type NameLookup, nameLookup } from '@breakwater/resilience/http';
import type { Destination } from '../frames/frame.js';
import { backendAddress } from './address.js';
import { isNoPage, judgeAnswer, type RawAnswer } from './answer.js';
import type { Answer, Backend, Dialect, HoldReason, SendRequest } from './backend.js';
import { authorization, type Introduction, otherDialect, writePath, writeTarget } from './dialect.js';
import { judgeFailure } from './failure.js';
import { type HttpAnswer, type ResponseData, readAnswer } from './http-answer.js';
import { Inquiry } from './inquiry.js';
import { joined } from './joined.js';
import { isUnreadable, lenientRequest } from './lenient-request.js';
import { secretsIn } from './words.js';

export interface HttpBackendOptions {
  /** Scheme, host and port, and a path where its pages lie below one: `http://influx-1:8086`. Without user or password. */
  url: string;
  /** For points that name none. 2.x only. Default: empty. */
  org?: string;
  /** For points that name none; on 1.x the database, or `database/retention policy`. Default: empty. */
  bucket?: string;
  /** A token; on 1.x and VictoriaMetrics `user:password`. Default: none. */
  token?: string;
  /** How long one write or one question may take, in milliseconds. Default 30,000. */
  timeoutMs?: number;
  /** Sockets that may be open at a time. Default 8. */
  maxConnections?: number;
  /** Default: one of the backend's own, whose metrics are then among its. */
  dns?: NameLookup & Partial<Measured>;
  clock?: Clock;
}

const GZIP_FROM_BYTES = 1024;
const MAX_ANSWER_BYTES = 8192;
const LONGEST_TIMEOUT_MS = 3_600_000;
/** Level 1 takes a third of the time of the default and saves nearly as much on line protocol. Still 4 ms for 5,000 points: in libuv's threads. */
const GZIP_LEVEL = 1;
/** Line protocol becomes a sixth or less: mostly one piece, which takes one trip to those threads and is not copied. */
const gzipOptions = (bytes: number) => ({ level: GZIP_LEVEL, chunkSize: Math.max(4_096, bytes >> 2) });
const compress = promisify<Uint8Array, ReturnType<typeof gzipOptions>, Buffer>(gzip);

class HttpBackend implements Backend {
  readonly id: string;
  readonly #pool: HttpPool;
  readonly #dns: NameLookup;
  readonly #ownDns: Measured | undefined;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #defaults: Destination;
  readonly #token: string;
  readonly #secrets: readonly string[];
  readonly #origin: string;
  readonly #path: string;
  readonly #inquiry: Inquiry;
  #dialect: Dialect | undefined;
  #closing: Promise<void> | undefined;
  /** How the server introduced itself with the last answer that said stored. */
  #introduction: string | undefined;

  constructor(options: HttpBackendOptions) {
    const { org = '', bucket = '', token = '', timeoutMs = 30_000, maxConnections = 8, clock = systemClock } = options;
    this.id = backendAddress(options.url);
    if (!(timeoutMs >= 1 && timeoutMs <= LONGEST_TIMEOUT_MS)) {
      throw new ConfigError(
        `${this.id}: timeoutMs is ${timeoutMs}; it must be a number from 1 to ${LONGEST_TIMEOUT_MS}`,
      );
    }
    this.#token = checkedToken(token, this.id);
    this.#secrets = secretsIn(token);
    this.#defaults = { org, bucket };
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#origin = new URL(this.id).origin;
    this.#path = this.id.slice(this.#origin.length);
    const ownDns = options.dns === undefined ? nameLookup({ name: `${this.id}-dns`, clock }) : undefined;
    this.#ownDns = ownDns;
    this.#dns = options.dns ?? ownDns!;
    this.#pool = httpPool({
      name: this.id,
      maxConnections,
      maxConnectionsPerHost: maxConnections,
      queueTimeoutMs: timeoutMs,
      // The request's own limit comes first: undici's tick is coarse.
      readTimeoutMs: Math.ceil(timeoutMs) + 1000,
      clock,
      nameLookup: this.#dns,
    });
    this.#inquiry = new Inquiry({ pool: this.#pool, origin: this.#origin, path: this.#path, token });
  }

  get dialect(): Dialect | undefined {
    return this.#dialect;
  }

  async send(request: SendRequest, signal: AbortSignal): Promise<Answer> {
    const progress = { wasSent: false };
    try {
      return await this.#within(signal, (within) => this.#write(request, progress, within));
    } catch (error) {
      return judgeFailure(error, progress.wasSent, this.#secrets);
    }
  }

  async epoch(signal: AbortSignal): Promise<number | undefined> {
    try {
      return await this.#within(signal, async (within) => {
        const dialect = this.#dialect ?? (await this.#detect(within));
        const epoch = await this.#inquiry.epoch(dialect, within);
        if (epoch !== undefined) return epoch;
        // Another kind of server may have taken its place.
        const now = await this.#detect(within);
        return now === dialect ? undefined : this.#inquiry.epoch(now, within);
      });
    } catch {
      // Nobody could be asked.
      return undefined;
    }
  }

  measure(record: Recorder): void {
    this.#pool.measure(record);
    this.#ownDns?.measure(record);
  }

  close(): Promise<void> {
    this.#closing ??= this.#pool.close();
    return this.#closing;
  }

  async #write(request: SendRequest, progress: { wasSent: boolean }, signal: AbortSignal): Promise<Answer> {
    const whole = joined(request.body);
    const isLarge = whole.length >= GZIP_FROM_BYTES;
    const body = isLarge ? await compress(whole, gzipOptions(whole.length)) : whole;
    const post = async (dialect: Dialect): Promise<HttpAnswer> => {
      signal.throwIfAborted();
      progress.wasSent = true;
      return this.#post(dialect, request, body, isLarge, signal);
    };
    const dialect = this.#dialect ?? (await this.#detect(signal)) ?? 'influxdb-2';
    const answer = await post(dialect);
    if (!this.#isOdd(answer)) return this.#accept(answer, dialect);
    // Another server may have taken its place, or it is spoken to in the wrong way.
    let now: Dialect;
    try {
      now = (await this.#detect(signal)) ?? dialect;
    } catch {
      // It will be asked after the next write.
      return this.#judge(answer, dialect);
    }
    // What names itself in an unknown way, or not at all, is tried.
    if (isNoPage(answer) && writePath(now) === writePath(dialect)) now = otherDialect(dialect);
    if (answer.status < 300 || writePath(now) === writePath(dialect)) return this.#accept(answer, now);
    request.onResend?.(reasonOf(this.#judge(answer, dialect)));
    const second = await post(now);
    return isNoPage(answer) && isNoPage(second) ? noStore(this.#judge(second, now)) : this.#accept(second, now);
  }

  async #post(
    dialect: Dialect,
    { destination: { org, bucket }, onResend }: SendRequest,
    body: Uint8Array,
    isGzip: boolean,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const destination = { org: org || this.#defaults.org, bucket: bucket || this.#defaults.bucket };
    const request = {
      origin: this.#origin,
      path: `${this.#path}${writeTarget(dialect, destination)}`,
      method: 'POST',
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
        ...authorization(this.#token, dialect),
      },
      body,
      signal,
    } as const;
    const read = (answer: ResponseData) => readAnswer(answer, MAX_ANSWER_BYTES);
    let answer: ResponseData;
    try {
      answer = await this.#pool.request(request);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      // Only its status tells whether a line is bad, the points are stored, or neither; without one it stays a hold.
      onResend?.('unexpected-answer');
      return lenientRequest(request, { nameLookup: this.#dns, clock: this.#clock }, read).catch(() => {
        signal.throwIfAborted();
        throw error;
      });
    }
    return read(answer);
  }

  #judge(answer: RawAnswer, dialect: Dialect): Answer {
    return judgeAnswer(answer, { dialect, wallMs: this.#clock.wall(), secrets: this.#secrets });
  }

  #accept(answer: HttpAnswer, dialect: Dialect): Answer {
    const verdict = this.#judge(answer, dialect);
    if (verdict.kind === 'stored') {
      this.#dialect = dialect;
      this.#introduction = introductionOf(answer);
    }
    return verdict;
  }

  /** Whether the answer makes one ask who is there. */
  #isOdd(answer: HttpAnswer): boolean {
    if (answer.status === 401 || answer.status === 403 || answer.status === 404) return true;
    const isOther = this.#introduction !== undefined && this.#introduction !== introductionOf(answer);
    return isOther && answer.status < 300;
  }

  /** Asks the server what it is. Undefined where it does not say; fails where it cannot be reached. */
  async #detect(signal: AbortSignal): Promise<Dialect | undefined> {
    const dialect = await this.#inquiry.dialect(signal);
    this.#dialect = dialect ?? this.#dialect;
    return dialect;
  }

  /** Runs `ask` with a signal that ends it when the caller does, or after `timeoutMs`. */
  async #within<T>(signal: AbortSignal, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const abort = () => controller.abort(new Error('given up by its caller'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    using _timer = this.#clock.after(this.#timeoutMs, () =>
      controller.abort(new TimeoutError(this.id, this.#timeoutMs)),
    );
    try {
      controller.signal.throwIfAborted();
      return await ask(controller.signal);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

const introductionOf = ({ version, build }: Introduction): string => `${version} ${build}`;

const reasonOf = (answer: Answer): HoldReason => (answer.kind === 'hold' ? answer.reason : 'unexpected-answer');

function noStore(answer: Answer): Answer {
  if (answer.kind !== 'hold') return answer;
  return { ...answer, scope: 'backend', words: `neither /api/v2/write nor /write is there: ${answer.words}` };
}

/** @throws ConfigError for what no header can carry; it does not repeat the token. */
function checkedToken(token: string, id: string): string {
  const isText = token.includes(':') ? !/\p{Cc}/u.test(token) : /^[ -~]*$/.test(token);
  if (isText) return token;
  throw new ConfigError(`${id}: the token holds a character that no HTTP header can carry; is there a line end in it?`);
}

/** A server that speaks InfluxDB's line protocol over HTTP: InfluxDB 1.x and 2.x, VictoriaMetrics. */
export function httpBackend(options: HttpBackendOptions): Backend {
  return new HttpBackend(options);
}
