import {
  Authentication,
  type RequestFailedError,
  type ResponseInvalidError,
  Session,
  type Varbind,
  Version2c,
  Version3,
} from 'net-snmp';
import { ProbeError } from '../probe.js';
import type { RunLimit } from '../run-limit.js';
import type { Access } from './access.js';
import { KeyCache } from './key-cache.js';
import { toSnmpError } from './session-error.js';
import { SessionSocket } from './session-socket.js';

export interface AgentAddress {
  /** What the target is called in messages. */
  readonly host: string;
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
}

/** A message that is lost is sent again after a quarter of the time that the run has, at most after a second. */
const LONGEST_TRY_MS = 1_000;
const SHORTEST_TRY_MS = 100;
const TRIES_IN_BUDGET = 4;

/** net-snmp takes datagrams apart without a guard in places: what it trips over is a malformed answer, not a crash. */
class GuardedSession extends Session {
  declare readonly emit: (event: 'error', error: unknown) => boolean;

  override onMsg(buffer: Buffer): void {
    try {
      super.onMsg(buffer);
    } catch (error) {
      this.emit('error', error);
    }
  }
}

/** net-snmp's, which it shares between all sessions and never empties. */
const keyCache = new KeyCache(Authentication.authToKeyCache);

type Answer<T> = (error: Error | null, varbinds?: T) => void;

/**
 * One conversation with an agent, for one run: one request at a time, ended by the run's limit. A session of its own for
 * each run costs a discovery (one round trip with v3), and keeps neither a socket between runs nor a restarted agent's clock.
 */
export class SnmpSession {
  readonly #host: string;
  readonly #session: Session;
  readonly #limit: RunLimit;
  #fail: (error: unknown) => void = () => {};
  #failure: unknown;

  private constructor(socket: SessionSocket, agent: AgentAddress, access: Access, limit: RunLimit) {
    const tryMs = Math.min(LONGEST_TRY_MS, Math.max(SHORTEST_TRY_MS, limit.remainingMs / TRIES_IN_BUDGET));
    const options = {
      port: agent.port,
      timeout: tryMs,
      // The limit ends the tries; without one they end here.
      retries: limit.remainingMs === Number.POSITIVE_INFINITY ? TRIES_IN_BUDGET - 1 : Number.MAX_SAFE_INTEGER,
      dgramModule: { createSocket: () => socket },
    };
    this.#host = agent.host;
    this.#limit = limit;
    this.#session =
      'user' in access
        ? new GuardedSession(agent.address, access.user, { ...options, version: Version3, context: access.context })
        : new GuardedSession(agent.address, access.community, { ...options, version: Version2c });
    this.#session.on('error', () => this.#end(malformed(agent.host)));
    limit.signal.addEventListener('abort', this.#leave, { once: true });
  }

  static async open(agent: AgentAddress, access: Access, limit: RunLimit): Promise<SnmpSession> {
    const socket = await SessionSocket.open(agent.address, agent.family, agent.port);
    const session = new SnmpSession(socket, agent, access, limit);
    socket.on('failed', (error) => session.#end(error));
    if (limit.signal.aborted) session.#leave();
    keyCache.opened();
    return session;
  }

  get(oids: string[]): Promise<Varbind[]> {
    return this.#ask<Varbind[]>((answer) => this.#session.get(oids, answer));
  }

  /** The first `nonRepeaters` answers stand alone, the others are lists: up to `maxRepetitions` that follow each oid. */
  getBulk(oids: string[], nonRepeaters: number, maxRepetitions: number): Promise<Array<Varbind | Varbind[]>> {
    return this.#ask((answer) => this.#session.getBulk(oids, nonRepeaters, maxRepetitions, answer));
  }

  #ask<T>(send: (answer: Answer<T>) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#fail = reject;
      if (this.#failure !== undefined) reject(this.#failure);
      else send((error, varbinds) => (error === null ? resolve(varbinds as T) : reject(this.#explain(error))));
    });
  }

  #explain(error: Error | RequestFailedError | ResponseInvalidError): Error {
    return toSnmpError(error, this.#host);
  }

  readonly #leave = (): void => this.#end(this.#limit.error);

  /** What comes from outside of a request ends the session: the limit, the socket, a datagram that is no answer. */
  #end(error: unknown): void {
    this.#failure = error;
    this.#fail(error);
    this.close();
  }

  close(): void {
    this.#session.close();
  }
}

const malformed = (host: string): ProbeError =>
  new ProbeError('malformed', `${host}: what it answers is not SNMP; check the port`);
