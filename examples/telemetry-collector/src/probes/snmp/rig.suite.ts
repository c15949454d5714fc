import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { VirtualClock } from '@breakwater/resilience/testing';
import { Secret } from '../../targets/secret.js';
import type { SnmpCredentials } from '../../targets/target.js';
import { FakeLookup } from '../loopback.suite.js';
import type { Reading } from '../probe.js';
import { SnmpProbe, type SnmpProbeOptions } from '../snmp.js';
import { AUTH_KEY, FakeAgent, type FakeInterface, PRIV_KEY } from './agent.suite.js';

export const NO_LIMIT = { signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY, attempt: 1 };

export const V2C: SnmpCredentials = { version: '2c', community: new Secret('public') };
export const V3 = {
  version: '3',
  user: 'telemetry',
  context: undefined,
  auth: { protocol: 'sha256', key: new Secret(AUTH_KEY) },
  priv: { protocol: 'aes', key: new Secret(PRIV_KEY) },
} as const satisfies SnmpCredentials;
export const walk = ['ifTable', 'ifXTable'];

export const eth0: FakeInterface = {
  index: 2,
  descr: 'eth0',
  speed: 1e9,
  operStatus: 1,
  inOctets: 1_000,
  outOctets: 2_000,
  hcInOctets: 5_000_000_000n,
  discontinuity: 0,
};
export const lo: FakeInterface = { ...eth0, index: 1, descr: 'lo', speed: 10_000_000, inOctets: 7, hcInOctets: 7n };

/** A UDP port that takes datagrams and answers what `answer` gives, if anything. */
export async function udpPort(answer: (request: Buffer) => Buffer | undefined = () => undefined) {
  const socket = createSocket('udp4');
  let received = 0;
  socket.on('message', (request, from) => {
    received++;
    const reply = answer(request);
    if (reply !== undefined) socket.send(reply, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    received: () => received,
    async close() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

/** The fields of an interface by its name. */
export const fieldsOf = (readings: readonly Reading[], name: string): Reading['fields'] | undefined =>
  readings.find(({ tags }) => tags['interface'] === name)?.fields;

/** An agent with two interfaces, and probes of it, in virtual time. */
export class SnmpRig {
  readonly clock = new VirtualClock();
  readonly agent: FakeAgent;
  #ticks = 0;

  private constructor(agent: FakeAgent) {
    this.agent = agent;
  }

  static async start(): Promise<SnmpRig> {
    const rig = new SnmpRig(await FakeAgent.start());
    rig.ticks = 100_000;
    rig.agent.interfaces = [lo, eth0];
    return rig;
  }

  /** The agent's sysUpTime. */
  set ticks(ticks: number) {
    this.#ticks = ticks;
    this.agent.upTime = ticks;
  }

  /** The agent's time and ours move on together. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    this.ticks = (this.#ticks + ms / 10) % 2 ** 32;
  }

  probing(credentials: SnmpCredentials, options: Partial<SnmpProbeOptions> = {}): SnmpProbe {
    return new SnmpProbe(
      { host: 'sw1.test', port: this.agent.port, credentials, walk, ...options },
      { nameLookup: new FakeLookup(), clock: this.clock },
    );
  }

  run(probe: SnmpProbe, name: string): Promise<readonly Reading[]> {
    return probe.operations.find((one) => one.name === name)!.run(NO_LIMIT);
  }

  close(): Promise<void> {
    return this.agent.close();
  }
}
