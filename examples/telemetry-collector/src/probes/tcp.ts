import { connectSocket, type NameLookup } from '@breakwater/resilience/http';
import type { TcpTarget } from '../targets/target.js';
import { authority } from './authority.js';
import type { ProbeEdges } from './edges.js';
import { toMicroseconds } from './microseconds.js';
import type { Probe, ProbeOperation, Reading } from './probe.js';
import { type RunLimit, runWithin } from './run-limit.js';

export type TcpProbeOptions = Pick<TcpTarget, 'host' | 'port'>;

/** Connects and hangs up: how long the look-up and the handshake take. */
export class TcpProbe implements Probe {
  readonly kind = 'tcp';
  readonly operations: readonly ProbeOperation[];

  constructor({ host, port }: TcpProbeOptions, { nameLookup, clock }: Pick<ProbeEdges, 'nameLookup' | 'clock'>) {
    const measure = async (limit: RunLimit): Promise<readonly Reading[]> => {
      limit.stage = 'connecting';
      const { socket, phases } = await connectSocket({
        host,
        port,
        nameLookup: saying(limit, nameLookup),
        signal: limit.signal,
        // The limit ends it.
        timeoutMs: Number.POSITIVE_INFINITY,
        clock,
      });
      // It has connected, which is all that was asked: what happens on hanging up does not matter.
      socket.on('error', () => {}).destroy();
      return [
        {
          measurement: 'tcp',
          tags: {},
          fields: { lookup_ms: toMicroseconds(phases.lookupMs), connect_ms: toMicroseconds(phases.tcpMs) },
        },
      ];
    };
    this.operations = [
      { name: 'connect', run: (context) => runWithin(context, clock, authority(host, port), measure) },
    ];
  }
}

/** The same look-up, which tells the limit at which stage the run is. */
const saying = (limit: RunLimit, nameLookup: NameLookup): NameLookup => ({
  async lookup(hostname, options) {
    limit.stage = 'looking up its name';
    const addresses = await nameLookup.lookup(hostname, options);
    limit.stage = `connecting to ${addresses.map(({ address }) => address).join(', ')}`;
    return addresses;
  },
});
