import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Clock } from '@breakwater/resilience';
import { type RequestPhases, requestPhases, requestSocket } from '@breakwater/resilience/http';
import type { Dispatcher } from 'undici';
import type { ProbeEdges } from '../edges.js';
import { toProbeError } from '../errors.js';
import { ProbeError } from '../probe.js';
import type { RunLimit } from '../run-limit.js';

export type ExchangeEdges = Pick<ProbeEdges, 'dispatcher' | 'clock'>;

export interface ExchangeOptions {
  readonly url: URL;
  readonly method: 'GET' | 'HEAD';
  readonly headers: Readonly<Record<string, string>>;
  /** A longer body is an error, and is not read to its end. */
  readonly maxBodyBytes: number;
  /** Says who takes the body as it comes, if anybody. What that throws ends the exchange. */
  readonly reader?: (status: number) => BodyReader | undefined;
}

export type BodyReader = (chunk: Buffer) => void;

/** One request and its answer. */
export interface Exchange {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bodyBytes: number;
  /** Whether the connection had served before, so that there was none to open. */
  readonly reused: boolean;
  readonly times: ExchangeTimes;
  /** When the server's certificate ends, in milliseconds since the epoch; undefined without TLS. */
  readonly certificateEndsMs: number | undefined;
}

/**
 * Where the time of an exchange went, in milliseconds. Where the pool had begun to open the connection before the request
 * came, the phases of that are longer than the time that the request waited for them.
 */
export interface ExchangeTimes extends Pick<RequestPhases, 'lookupMs' | 'tcpMs' | 'tlsMs'> {
  /** Waited for a connection, beyond the time that opening one took. */
  readonly waitMs: number;
  /** From the request being sent to the head of its answer. */
  readonly firstByteMs: number;
  /** The rest of the answer. */
  readonly transferMs: number;
  readonly totalMs: number;
}

/** Sends a request through `dispatcher`, and reads the answer within bounds of size and time. Nothing is decoded. */
export function exchange(edges: ExchangeEdges, options: ExchangeOptions, limit: RunLimit): Promise<Exchange> {
  const { dispatcher, clock } = edges;
  const { url, method, headers } = options;
  const handler = new ExchangeHandler(clock, options, limit);
  try {
    dispatcher.dispatch({ origin: url.origin, path: `${url.pathname}${url.search}`, method, headers }, handler);
  } catch (error) {
    handler.fail(error);
  }
  return handler.outcome;
}

class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly outcome: Promise<Exchange>;
  readonly #clock: Clock;
  readonly #options: ExchangeOptions;
  readonly #limit: RunLimit;
  readonly #startedMs: number;
  #resolve!: (exchange: Exchange) => void;
  #reject!: (error: unknown) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #context: unknown;
  #failure: ProbeError | undefined;
  #answeredMs = 0;
  #certificateEndsMs: number | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #bodyBytes = 0;
  #read: BodyReader | undefined;

  constructor(clock: Clock, options: ExchangeOptions, limit: RunLimit) {
    this.#clock = clock;
    this.#options = options;
    this.#limit = limit;
    this.#startedMs = clock.now();
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    limit.stage = () =>
      requestSocket(this.#context) === undefined ? 'waiting for a connection' : 'waiting for its answer';
    limit.signal.addEventListener('abort', () => this.fail(limit.error), { once: true });
  }

  /** Settles at once, also where the request has not begun: then it is aborted as soon as it does. After the end it changes nothing. */
  fail(error: unknown): void {
    this.#failure ??= toProbeError(error, this.#options.url.host);
    this.#reject(this.#failure);
    this.#controller?.abort(this.#failure);
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#controller = controller;
    this.#context = context;
    if (this.#failure !== undefined) controller.abort(this.#failure);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // Called for early hints too; what comes last is the answer.
    this.#answeredMs = this.#clock.now();
    this.#limit.stage = 'reading its answer';
    this.#status = status;
    this.#headers = headers;
    this.#certificateEndsMs = certificateEnd(requestSocket(this.#context));
    this.#read = this.#options.reader?.(status);
    if (this.#options.method !== 'HEAD' && Number(headers['content-length']) > this.#options.maxBodyBytes) {
      this.fail(this.#tooLarge());
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes > this.#options.maxBodyBytes) {
      this.fail(this.#tooLarge());
      return;
    }
    try {
      this.#read?.(chunk);
    } catch (error) {
      this.fail(error);
    }
  }

  onResponseEnd(): void {
    this.#resolve({
      status: this.#status,
      headers: this.#headers,
      bodyBytes: this.#bodyBytes,
      reused: this.#phases.reused,
      times: this.#times(this.#clock.now()),
      certificateEndsMs: this.#certificateEndsMs,
    });
  }

  get #phases(): RequestPhases {
    return requestPhases(this.#context) ?? UNKNOWN;
  }

  #times(endedMs: number): ExchangeTimes {
    const { waitedMs, lookupMs, tcpMs, tlsMs } = this.#phases;
    return {
      waitMs: Math.max(0, waitedMs - lookupMs - tcpMs - tlsMs),
      lookupMs,
      tcpMs,
      tlsMs,
      firstByteMs: this.#answeredMs - this.#startedMs - waitedMs,
      transferMs: endedMs - this.#answeredMs,
      totalMs: endedMs - this.#startedMs,
    };
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const named = toProbeError(error, this.#options.url.host);
    this.fail(this.#status !== 0 && named.code === 'reset' ? this.#truncated(error) : named);
  }

  #tooLarge(): ProbeError {
    const { url, maxBodyBytes } = this.#options;
    return new ProbeError('too-large', `${url.host}: its body is longer than ${maxBodyBytes} bytes; raise maxBody`);
  }

  #truncated(cause: Error): ProbeError {
    const read = `${this.#options.url.host}: it closed the connection after ${this.#bodyBytes} bytes of the body`;
    return new ProbeError('truncated', `${read}; see its logs`, { cause });
  }
}

/** Another dispatcher than the pool does not say: all is the time to the first byte. */
const UNKNOWN: RequestPhases = { waitedMs: 0, reused: false, lookupMs: 0, tcpMs: 0, tlsMs: 0 };

function certificateEnd(socket: Socket | undefined): number | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const endMs = Date.parse(socket.getPeerCertificate().valid_to);
  return Number.isNaN(endMs) ? undefined : endMs;
}
