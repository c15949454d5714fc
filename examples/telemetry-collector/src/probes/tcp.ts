import { connect, type LookupFunction, type Socket } from 'node:net';
import type { ProbeEdges } from './edges.js';
import type { Probe, ProbeOperation, Reading } from './probe.js';
import { type RunLimit, runWithin } from './run-limit.js';

export interface TcpProbeOptions {
  /** A name or an address. */
  readonly host: string;
  readonly port: number;
}

/** Connects and hangs up: how long the look-up and the handshake take. */
export class TcpProbe implements Probe {
  readonly kind = 'tcp';
  readonly operations: readonly ProbeOperation[];

  constructor({ host, port }: TcpProbeOptions, { nameLookup, clock }: Pick<ProbeEdges, 'nameLookup' | 'clock'>) {
    const measure = async (limit: RunLimit): Promise<readonly Reading[]> => {
      const startedMs = clock.now();
      limit.stage = 'looking up its name';
      const addresses = await nameLookup.lookup(host, { signal: limit.signal, deadline: limit.deadline });
      const foundMs = clock.now();
      limit.stage = 'connecting';
      const socket = connect({ host, port, lookup: answering(addresses), autoSelectFamily: true });
      await connected(socket, limit.signal);
      const fields = { lookup_ms: foundMs - startedMs, connect_ms: clock.now() - foundMs };
      return [{ measurement: 'tcp', tags: {}, fields }];
    };
    this.operations = [{ name: 'connect', run: (context) => runWithin(context, clock, `${host}:${port}`, measure) }];
  }
}

/** The addresses that are known already, in the form in which a socket asks for them: it tries one after the other. */
function answering(addresses: ReadonlyArray<{ address: string; family: 4 | 6 }>): LookupFunction {
  return (_hostname, _options, callback) => callback(null, [...addresses]);
}

/** Resolves once the socket is connected; whatever the outcome, it is closed. */
function connected(socket: Socket, signal: AbortSignal): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const leave = () => socket.destroy(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    socket.once('connect', () => {
      resolve();
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => signal.removeEventListener('abort', leave));
  });
}
