import { type Dispatcher, errors } from 'undici';
import type { Clock } from '../../core/clock.js';
import { DueAlarms } from '../../core/due-alarms.js';
import { RejectedError } from '../../core/errors.js';
import { observed, publish } from '../../core/events.js';
import type { Recorder } from '../../metrics/definition.js';
import type { Connected } from '../connect/dial.js';
import { Allotment, type AllotmentLimits, type Sockets } from './allotment.js';
import { connectErrorReason } from './connect-error.js';
import { Connection, type ConnectionOwner, type ConnectionSettings } from './connection.js';
import { Exchange, type ExchangeOwner } from './exchange.js';
import { HttpOrigin, normalKey, originKey } from './http-origin.js';
import { POOL_METRICS, type PoolRejection } from './metrics.js';
import type { PooledDispatchOptions } from './pooled-options.js';
import { Tally } from './tally.js';

type PooledConnection = Connection<HttpOrigin>;
type PooledExchange = Exchange<HttpOrigin>;

export interface SwitchboardOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly limits: AllotmentLimits;
  readonly queueTimeoutMs: number;
  readonly connection: ConnectionSettings;
  /** Says what happens to connections, as undici's dispatchers do. */
  readonly events: PoolEvents;
}

export interface PoolEvents {
  connect(origin: URL, client: Dispatcher): void;
  disconnect(origin: URL, client: Dispatcher, error: Error): void;
  connectionError(origin: URL, error: Error): void;
  drain(origin: URL): void;
}

/** Connects requests with sockets: what the allotment decides is done here, and what happens to either is told it. */
export class Switchboard
  implements
    ExchangeOwner<HttpOrigin>,
    ConnectionOwner<HttpOrigin>,
    Sockets<PooledConnection, PooledExchange, HttpOrigin>
{
  readonly #options: SwitchboardOptions;
  readonly #clock: Clock;
  readonly #allotment: Allotment<PooledConnection, PooledExchange, HttpOrigin>;
  readonly #alarms: DueAlarms;
  readonly #tally = new Tally();
  readonly #connections = new Set<PooledConnection>();
  #active = 0;
  #needsDrain = false;
  #shutdown: Error | undefined;
  #onQuiet: (() => void) | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(options: SwitchboardOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#allotment = new Allotment(options.limits, this);
    this.#alarms = new DueAlarms(options.clock);
  }

  get counts() {
    return this.#allotment.counts;
  }

  /** As a dispatcher's: false says that the request waits, and that it is better to wait for `drain`. */
  dispatch(options: PooledDispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const exchange = new Exchange<HttpOrigin>(options, handler, this);
    this.#active++;
    try {
      if (this.#shutdown !== undefined) throw this.#rejection('shutdown', undefined, this.#shutdown);
      exchange.origin = this.#originOf(exchange.options);
      exchange.announce();
    } catch (error) {
      exchange.fail(error as Error);
    }
    if (exchange.isOver) return true;
    // The handler may have made requests of its own to an origin that was new.
    exchange.origin = this.#known(exchange.origin);
    if (options.deadline !== undefined && options.deadline <= this.#clock.now()) {
      exchange.fail(this.#rejection('deadline', exchange.origin));
      return true;
    }
    this.#place(exchange, false);
    if (!exchange.waits || exchange.origin.queued === 0) return true;
    this.#needsDrain = true;
    return false;
  }

  #originOf(options: PooledDispatchOptions): HttpOrigin {
    const key = originKey(options);
    const known = this.#allotment.find(key.key);
    if (known !== undefined) return known;
    return this.#known(new HttpOrigin(normalKey(key)));
  }

  /** The same origin as the allotment has it: there may be one of each key. */
  #known(origin: HttpOrigin): HttpOrigin {
    return this.#allotment.find(origin.key) ?? origin;
  }

  /** Gives a request a socket or lets it wait for one. */
  #place(exchange: PooledExchange, urgent: boolean): void {
    exchange.enter();
    if (!this.#allotment.request(exchange.origin, exchange, urgent)) {
      this.expel(exchange);
    } else if (exchange.waits) {
      const now = this.#clock.now();
      exchange.wait(now);
      this.#setAlarm(exchange, now);
    }
  }

  #setAlarm(exchange: PooledExchange, now: number): void {
    const { deadline = Number.POSITIVE_INFINITY } = exchange.options;
    this.#alarms.set(exchange, Math.min(now + this.#options.queueTimeoutMs, deadline));
  }

  #rejection(reason: PoolRejection, origin?: HttpOrigin, cause?: unknown): RejectedError {
    const { name } = this.#options;
    this.#tally.rejections[reason]++;
    if (observed()) publish({ type: 'rejected', policy: name, reason, ...(origin && { key: origin.key }) });
    return RejectedError.of(name, reason, cause === undefined ? {} : { cause });
  }

  // What exchanges report.

  withdrawn(exchange: PooledExchange): void {
    this.#tally.rejections.aborted++;
    this.#alarms.cancel(exchange);
    this.#allotment.leave(exchange.origin, exchange);
    this.#drained(exchange.origin);
  }

  expired(exchange: PooledExchange): void {
    const now = this.#clock.now();
    const late = exchange.options.deadline !== undefined && exchange.options.deadline <= now;
    if (!late && this.#allotment.isCovered(exchange.origin, exchange)) {
      // It waits for a socket to open, which has a time limit of its own.
      this.#setAlarm(exchange, now);
      return;
    }
    this.#alarms.cancel(exchange);
    this.#allotment.leave(exchange.origin, exchange);
    exchange.fail(this.#rejection('queue-timeout', exchange.origin));
    this.#drained(exchange.origin);
  }

  again(exchange: PooledExchange, stale: boolean): void {
    exchange.origin = this.#known(exchange.origin);
    if (this.#shutdown !== undefined && this.#onEmpty !== undefined) {
      exchange.fail(this.#rejection('shutdown', exchange.origin, this.#shutdown));
      return;
    }
    if (stale) {
      this.#tally.repeats++;
      // What closed one idle socket (a restart, a fail-over) has as a rule closed the others.
      this.#allotment.evictIdle(exchange.origin);
    }
    this.#place(exchange, true);
  }

  over(_exchange: PooledExchange): void {
    if (--this.#active === 0) this.#onQuiet?.();
  }

  // What the allotment decides.

  open(origin: HttpOrigin): PooledConnection {
    const borrow = () =>
      this.#allotment.borrow(origin) ? { [Symbol.dispose]: () => this.#allotment.giveBack(origin) } : undefined;
    const connection = new Connection(origin, this.#options.connection, this, borrow);
    this.#connections.add(connection);
    return connection;
  }

  cancel(connection: PooledConnection): void {
    connection.cancel(new errors.RequestAbortedError('nobody waits for this connection any more'));
  }

  serve(connection: PooledConnection, exchange: PooledExchange): void {
    this.#alarms.cancel(exchange);
    const sinceMs = exchange.waitingSinceMs;
    const waitedMs = sinceMs === undefined ? 0 : this.#clock.now() - sinceMs;
    this.#tally.waits.observe(waitedMs / 1000);
    connection.serve(exchange, waitedMs);
    if (connection.reused) this.#tally.reusedSockets++;
    else this.#tally.newSockets++;
    this.#drained(exchange.origin);
  }

  evict(connection: PooledConnection): void {
    this.#tally.evictions++;
    connection.retire();
  }

  expel(exchange: PooledExchange): void {
    this.#alarms.cancel(exchange);
    exchange.fail(this.#rejection('queue-full', exchange.origin));
  }

  // What connections report.

  opened(connection: PooledConnection, { phases: { lookupMs, tcpMs, tlsMs } }: Connected): void {
    this.#tally.connects++;
    this.#tally.connectDurations.observe((lookupMs + tcpMs + tlsMs) / 1000);
    this.#tell('connection_pool.connected', connection.origin);
    this.#options.events.connect(connection.origin.url, connection.client!);
    // A listener may have ended the request that it was opened for.
    if (connection.state === 'closing') connection.retire();
    else this.#allotment.connected(connection);
  }

  failed(connection: PooledConnection, error: Error): void {
    if (connection.givenUp) {
      this.#tally.connectErrors.cancelled++;
    } else {
      this.#tally.connectErrors[connectErrorReason(error, connection.stage)]++;
      this.#options.events.connectionError(connection.origin.url, error);
    }
    if (connection.state === 'closing') return;
    const exchange = this.#allotment.failed(connection);
    if (exchange === undefined) return;
    this.#alarms.cancel(exchange);
    exchange.fail(error);
    this.#drained(exchange.origin);
  }

  released(connection: PooledConnection): void {
    this.#allotment.released(connection);
  }

  detached(connection: PooledConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  lost(connection: PooledConnection): void {
    if (connection.state !== 'closing') this.#allotment.closing(connection);
  }

  closed(connection: PooledConnection, error: Error): void {
    this.#connections.delete(connection);
    if (connection.client !== undefined) {
      this.#tell('connection_pool.disconnected', connection.origin, error);
      this.#options.events.disconnect(connection.origin.url, connection.client, error);
    }
    this.#allotment.closed(connection);
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  #tell(type: 'connection_pool.connected' | 'connection_pool.disconnected', origin: HttpOrigin, cause?: unknown): void {
    if (!observed()) return;
    publish({ type, policy: this.#options.name, origin: origin.key, ...(cause !== undefined && { cause }) });
  }

  #drained(origin: HttpOrigin): void {
    if (!this.#needsDrain || this.#allotment.counts.queued > 0) return;
    this.#needsDrain = false;
    this.#options.events.drain(origin.url);
  }

  /** Takes no further requests; resolves when the last is over. */
  close(reason: Error): Promise<void> {
    this.#shutdown ??= reason;
    if (this.#active === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onQuiet = resolve;
    });
  }

  /** Ends all requests with `reason`, and resolves when every socket is closed. */
  destroy(reason: Error): Promise<void> {
    this.#shutdown = reason;
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const origin of [...this.#allotment.origins()]) {
      for (const exchange of [...origin.waiting]) {
        this.#alarms.cancel(exchange);
        this.#allotment.leave(origin, exchange);
        exchange.fail(this.#rejection('shutdown', origin, reason));
      }
    }
    for (const connection of [...this.#connections]) connection.destroy(reason);
    if (this.#connections.size === 0) this.#onEmpty?.();
    return empty;
  }

  measure(record: Recorder): void {
    const labels = { policy: this.#options.name };
    const { busy, closing, connecting, idle, queued, origins } = this.counts;
    const states = { busy, closing, connecting, idle };
    for (const [state, count] of Object.entries(states)) record(POOL_METRICS.connections, { ...labels, state }, count);
    record(POOL_METRICS.maximum, labels, this.#options.limits.maxSockets);
    record(POOL_METRICS.origins, labels, origins);
    record(POOL_METRICS.queued, labels, queued);
    this.#tally.measure(record, this.#options.name);
  }
}
