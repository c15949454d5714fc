import type { Clock } from '@breakwater/resilience';
import { connectSocket, type NameLookup } from '@breakwater/resilience/http';
import { type Endpoint, endpointText } from './address.js';
import type { LinkSettings } from './options.js';
import { type HandshakeOptions, isErrorReply, openWire, type Wire } from './wire.js';

/** Makes wires to the master: of the one server that is known, or of the one that a Sentinel names. */
export class Dialer {
  readonly #settings: LinkSettings;
  readonly #nameLookup: NameLookup;
  readonly #clock: Clock;
  #turn = 0;

  constructor(settings: LinkSettings, nameLookup: NameLookup, clock: Clock) {
    this.#settings = settings;
    this.#nameLookup = nameLookup;
    this.#clock = clock;
  }

  /** One attempt; a Sentinel that was of no use is followed by the next one at the next. */
  async dial(signal: AbortSignal): Promise<Wire> {
    const { endpoints, master, db } = this.#settings.address;
    const { credentials, name } = this.#settings;
    const endpoint = endpoints[this.#turn % endpoints.length]!;
    try {
      const server = master === undefined ? endpoint : await this.#masterAccordingTo(endpoint, master, signal);
      return await this.#open(server, { credentials, db, name }, signal, expectMaster);
    } catch (error) {
      this.#turn++;
      throw error;
    }
  }

  async #masterAccordingTo(sentinel: Endpoint, master: string, signal: AbortSignal): Promise<Endpoint> {
    const { sentinelCredentials: credentials, name, timeoutMs } = this.#settings;
    // One that hangs must leave time for the others.
    const limit = new AbortController();
    const abort = () => limit.abort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const timer = this.#clock.after(timeoutMs, () => {
      limit.abort(new Error(`the Sentinel ${endpointText(sentinel)} did not answer within ${timeoutMs} ms`));
    });
    let answer: unknown;
    const ask = async (wire: Wire) => {
      answer = await wire.call('sentinel', ['get-master-addr-by-name', master]);
    };
    try {
      const wire = await this.#open(sentinel, { credentials, db: 0, name }, limit.signal, ask);
      wire.destroy(new Error('it has said what it was asked'));
    } finally {
      timer[Symbol.dispose]();
      signal.removeEventListener('abort', abort);
    }
    const [host, port] = Array.isArray(answer) ? (answer as unknown[]) : [];
    if (typeof host === 'string' && host !== '' && /^\d{1,5}$/.test(String(port))) return { host, port: Number(port) };
    throw new Error(`the Sentinel ${endpointText(sentinel)} knows no master that is called ${master}`);
  }

  /** A wire, once `check` has found nothing wrong with it. */
  async #open(
    endpoint: Endpoint,
    handshake: HandshakeOptions,
    signal: AbortSignal,
    check: (wire: Wire) => Promise<void>,
  ): Promise<Wire> {
    const { secureContext, connectTimeoutMs: timeoutMs } = this.#settings;
    const tls = secureContext === undefined ? {} : { tls: { secureContext, rejectUnauthorized: true } };
    const [nameLookup, clock] = [this.#nameLookup, this.#clock];
    const { socket } = await connectSocket({ ...endpoint, ...tls, nameLookup, clock, signal, timeoutMs });
    const abort = () => socket.destroy(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      if (signal.aborted) abort();
      const wire = await openWire(socket, handshake);
      await check(wire).catch((error: Error) => {
        wire.destroy(error);
        throw signal.aborted ? signal.reason : error;
      });
      return wire;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

/** @throws where it still loads its data, asks for a password, or only follows a master, which it refuses to be written to. */
async function expectMaster(wire: Wire): Promise<void> {
  const [role] = await Promise.all([permitted(wire.call('role', [])), permitted(wire.call('ping', []))]);
  if (Array.isArray(role) && role[0] !== 'master') throw new Error(`it is no master: its role is ${String(role[0])}`);
}

/** What a user may not ask is not held against the server. */
const permitted = (answer: Promise<unknown>): Promise<unknown> =>
  answer.catch((error: unknown) => {
    if (!isErrorReply(error) || !error.message.startsWith('NOPERM')) throw error;
  });
