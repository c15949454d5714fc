import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Secret } from '../targets/secret.js';
import type { SnmpCredentials } from '../targets/target.js';
import { eventually, FakeLookup } from './loopback.suite.js';
import type { Reading } from './probe.js';
import { describeProbe, expectWellFormed } from './probe.suite.js';
import { AUTH_KEY, FakeAgent, type FakeInterface, PRIV_KEY } from './snmp/agent.suite.js';
import { SnmpProbe, type SnmpProbeOptions } from './snmp.js';

const V2C: SnmpCredentials = { version: '2c', community: new Secret('public') };
const V3 = {
  version: '3',
  user: 'telemetry',
  context: undefined,
  auth: { protocol: 'sha256', key: new Secret(AUTH_KEY) },
  priv: { protocol: 'aes', key: new Secret(PRIV_KEY) },
} as const satisfies SnmpCredentials;
const walk = ['ifTable', 'ifXTable'];

const eth0: FakeInterface = {
  index: 2,
  descr: 'eth0',
  speed: 1e9,
  operStatus: 1,
  inOctets: 1_000,
  outOctets: 2_000,
  hcInOctets: 5_000_000_000n,
  discontinuity: 0,
};
const lo: FakeInterface = { ...eth0, index: 1, descr: 'lo', speed: 10_000_000, inOctets: 7, hcInOctets: 7n };

/** A UDP port that takes datagrams and answers what `answer` gives, if anything. */
async function udpPort(answer: (request: Buffer) => Buffer | undefined = () => undefined) {
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

const silence = (credentials: SnmpCredentials) => async (clock: VirtualClock) => {
  const server = await udpPort();
  const options = { host: 'sw1.test', port: server.port, credentials, walk };
  return {
    probe: new SnmpProbe(options, { nameLookup: new FakeLookup(), clock }),
    contacts: server.received,
    open: () => 0,
    // Every operation waits for its answer.
    stuck: () => server.received() === 3,
    close: server.close,
  };
};

describeProbe({
  kind: 'snmp',
  async healthy(clock) {
    const agent = await FakeAgent.start();
    agent.upTime = 4_711;
    agent.interfaces = [lo, eth0];
    const nameLookup = new FakeLookup();
    const options = { host: 'sw1.test', port: agent.port, credentials: V3, walk };
    return {
      probe: new SnmpProbe(options, { nameLookup, clock }),
      contacts: () => nameLookup.asked + agent.received,
      open: () => 0,
      close: () => agent.close(),
    };
  },
  hanging: {
    async 'the look-up'(clock) {
      const nameLookup = new FakeLookup();
      nameLookup.hang = true;
      const options = { host: 'sw1.test', port: 161, credentials: V2C, walk };
      return {
        probe: new SnmpProbe(options, { nameLookup, clock }),
        contacts: () => nameLookup.asked,
        open: () => nameLookup.pending,
        close: async () => {},
      };
    },
    'the answer': silence(V2C),
    'the discovery': silence(V3),
  },
});

describe('the SNMP probe', () => {
  let clock: VirtualClock;
  let agent: FakeAgent;
  const context = { signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY, attempt: 1 };
  const probing = (credentials: SnmpCredentials, options: Partial<SnmpProbeOptions> = {}) =>
    new SnmpProbe(
      { host: 'sw1.test', port: agent.port, credentials, walk, ...options },
      { nameLookup: new FakeLookup(), clock },
    );
  const run = (probe: SnmpProbe, name: string) => probe.operations.find((one) => one.name === name)!.run(context);
  const fieldsOf = (readings: readonly Reading[], name: string) =>
    readings.find(({ tags }) => tags['interface'] === name)?.fields;
  /** The agent's time and ours move on together. */
  let ticks = 0;
  const pass = async (ms: number) => {
    await clock.advance(ms);
    ticks = (ticks + ms / 10) % 2 ** 32;
    agent.upTime = ticks;
  };

  beforeEach(async () => {
    clock = new VirtualClock();
    agent = await FakeAgent.start();
    ticks = 100_000;
    agent.upTime = ticks;
    agent.interfaces = [lo, eth0];
  });
  afterEach(() => agent.close());

  it.each([
    ['v2c', V2C],
    ['v3', V3],
  ])('reads uptime and name with %s', async (_version, credentials) => {
    expect(await run(probing(credentials), 'system')).toEqual([
      { measurement: 'snmp_system', tags: {}, fields: { uptime_seconds: 1_000, name: 'core-sw1' } },
    ]);
  });

  it('has one operation for the system and one for each walk', () => {
    const names = (walk: string[]) => probing(V2C, { walk }).operations.map(({ name }) => name);
    expect(names([])).toEqual(['system']);
    expect(names(['ifXTable', '1.3.6.1.2.1.25'])).toEqual(['system', 'ifXTable', 'walk_1_3_6_1_2_1_25']);
  });

  it('reads states and totals at once, and rates from the second time on', async () => {
    const probe = probing(V2C);
    expect(await run(probe, 'ifTable')).toEqual([
      {
        measurement: 'snmp_interface',
        tags: { interface_index: '1', interface: 'lo' },
        fields: expect.objectContaining({ in_bytes_total: 7, speed_bits_per_second: 1e7 }),
      },
      {
        measurement: 'snmp_interface',
        tags: { interface_index: '2', interface: 'eth0' },
        fields: {
          admin_status: 'up',
          oper_status: 'up',
          speed_bits_per_second: 1e9,
          in_bytes_total: 1_000,
          out_bytes_total: 2_000,
        },
      },
    ]);
    await pass(10_000);
    agent.interfaces = [lo, { ...eth0, inOctets: 11_000, operStatus: 7 }];
    expect(fieldsOf(await run(probe, 'ifTable'), 'eth0')).toEqual({
      admin_status: 'up',
      oper_status: 'lowerLayerDown',
      speed_bits_per_second: 1e9,
      in_bytes_total: 11_000,
      in_bytes_per_second: 1_000,
      out_bytes_total: 2_000,
      out_bytes_per_second: 0,
    });
  });

  it('reads 64-bit counters through their wrap', async () => {
    const probe = probing(V3);
    agent.interfaces = [{ ...eth0, hcInOctets: 2n ** 64n - 1_000n }];
    expect(fieldsOf(await run(probe, 'ifXTable'), 'eth0')).toEqual({
      alias: 'to the roof',
      speed_bits_per_second: 1e9,
      in_bytes_total: 2 ** 64,
    });
    await pass(10_000);
    agent.interfaces = [{ ...eth0, hcInOctets: 9_000n }];
    expect(fieldsOf(await run(probe, 'ifXTable'), 'eth0')).toMatchObject({ in_bytes_per_second: 1_000 });
  });

  it('follows a 32-bit counter through its wrap', async () => {
    const probe = probing(V2C);
    agent.interfaces = [{ ...eth0, inOctets: 2 ** 32 - 1 }];
    await run(probe, 'ifTable');
    await pass(10_000);
    agent.interfaces = [{ ...eth0, inOctets: 49_999 }];
    expect(fieldsOf(await run(probe, 'ifTable'), 'eth0')).toMatchObject({ in_bytes_per_second: 5_000 });
  });

  it('goes on through the wrap of sysUpTime after 497 days', async () => {
    const probe = probing(V2C);
    ticks = 2 ** 32 - 500;
    agent.upTime = ticks;
    await run(probe, 'ifTable');
    await pass(10_000);
    agent.interfaces = [{ ...eth0, inOctets: 2_000 }];
    expect(fieldsOf(await run(probe, 'ifTable'), 'eth0')).toMatchObject({ in_bytes_per_second: 100 });
  });

  it.each([
    ['seen at once', 10_000, 300],
    ['seen much later', 3_600_000, 180_000],
  ])('gives no rate across a restart of the agent, %s, and one again after it', async (_when, ms, upTime) => {
    const probe = probing(V2C);
    await run(probe, 'ifTable');
    await pass(ms);
    ticks = upTime;
    agent.upTime = upTime;
    agent.interfaces = [{ ...eth0, inOctets: 500_000 }];
    expect(fieldsOf(await run(probe, 'ifTable'), 'eth0')).not.toHaveProperty('in_bytes_per_second');
    await pass(10_000);
    agent.interfaces = [{ ...eth0, inOctets: 500_500 }];
    expect(fieldsOf(await run(probe, 'ifTable'), 'eth0')).toMatchObject({ in_bytes_per_second: 50 });
  });

  it('gives no rate to an interface that took over the index of another', async () => {
    const probe = probing(V2C);
    await run(probe, 'ifTable');
    await pass(10_000);
    agent.interfaces = [{ ...eth0, descr: 'eth1', inOctets: 4_000_000 }];
    const readings = await run(probe, 'ifTable');
    expect(fieldsOf(readings, 'eth1')).toMatchObject({ in_bytes_total: 4_000_000 });
    expect(fieldsOf(readings, 'eth1')).not.toHaveProperty('in_bytes_per_second');
  });

  it('gives no rate when the agent says that counters were set anew', async () => {
    const probe = probing(V2C);
    await run(probe, 'ifXTable');
    await pass(10_000);
    agent.interfaces = [{ ...eth0, hcInOctets: 6_000_000_000n, discontinuity: 100_500 }];
    expect(fieldsOf(await run(probe, 'ifXTable'), 'eth0')).not.toHaveProperty('in_bytes_per_second');
  });

  it('keeps the last complete walk as the base of rates when one fails', async () => {
    const probe = probing(V2C, { maxRows: 2 });
    await run(probe, 'ifTable');
    await pass(10_000);
    agent.interfaces = [lo, { ...eth0, inOctets: 90_000 }, { ...eth0, index: 3 }];
    await expect(run(probe, 'ifTable')).rejects.toMatchObject({ code: 'too-large' });
    await pass(10_000);
    agent.interfaces = [lo, { ...eth0, inOctets: 101_000 }];
    expect(fieldsOf(await run(probe, 'ifTable'), 'eth0')).toMatchObject({ in_bytes_per_second: 5_000 });
  });

  it('fails by name when the agent shows no sysUpTime, and takes no other number for it', async () => {
    const shy = await FakeAgent.start({ shy: true });
    shy.interfaces = [eth0];
    try {
      const probe = probing(V2C, { port: shy.port });
      for (const name of ['system', 'ifTable']) {
        await expect(run(probe, name)).rejects.toMatchObject({
          code: 'failed',
          message: expect.stringContaining('does not show sysUpTime; check its view'),
        });
      }
    } finally {
      await shy.close();
    }
  });

  it('fails by name when the agent shows no interface', async () => {
    agent.interfaces = [];
    await expect(run(probing(V2C), 'ifTable')).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('anything of ifTable'),
    });
  });

  it('asks for fewer rows at once when an answer is too big for a message', async () => {
    const upstream = createSocket('udp4');
    const asked: number[] = [];
    const relay = createSocket('udp4');
    let client: RemoteInfo | undefined;
    relay.on('message', (request, from) => {
      client = from;
      // 02 01 01 02 01 n: one non-repeater, n repetitions. In a response these are error-status 1, tooBig, and its index.
      const fields = request.indexOf(Buffer.from('0201010201', 'hex'));
      const repetitions = request[fields + 5]!;
      asked.push(repetitions);
      if (repetitions <= 3) return upstream.send(request, agent.port, '127.0.0.1');
      request[request.indexOf(0xa5)] = 0xa2;
      return relay.send(request, from.port, from.address);
    });
    upstream.on('message', (answer) => relay.send(answer, client!.port, client!.address));
    relay.bind(0, '127.0.0.1');
    await once(relay, 'listening');
    try {
      expect(await run(probing(V2C, { port: relay.address().port }), 'ifTable')).toHaveLength(2);
      expect(asked.slice(0, 4)).toEqual([10, 5, 3, 3]);
    } finally {
      relay.close();
      upstream.close();
    }
  });

  it('walks many rows, and refuses more than allowed', async () => {
    const many = Array.from({ length: 120 }, (_, at) => ({ ...eth0, index: at + 1, descr: `port ${at + 1}` }));
    agent.interfaces = many;
    expect(await run(probing(V2C), 'ifTable')).toHaveLength(120);
    await expect(run(probing(V2C, { maxRows: 119 }), 'ifTable')).rejects.toMatchObject({
      code: 'too-large',
    });
  });

  it('says that the agent does not know the user', async () => {
    await expect(run(probing({ ...V3, user: 'nobody' }), 'system')).rejects.toMatchObject({
      code: 'auth',
      message: expect.stringContaining('Unknown User Name'),
    });
  });

  it('walks any other part of the MIB, with rates of what are counters', async () => {
    const probe = probing(V2C, { walk: ['1.3.6.1.2.1.2.2.1'] });
    const name = 'walk_1_3_6_1_2_1_2_2_1';
    const values = async () => {
      const readings = await run(probe, name);
      expectWellFormed(readings);
      expect(new Set(readings.map(({ measurement }) => measurement))).toEqual(new Set(['snmp_value']));
      return new Map(readings.map(({ tags, fields }) => [tags['oid'], fields]));
    };
    const first = await values();
    expect(first.size).toBe(14);
    expect(first.get('1.3.6.1.2.1.2.2.1.2.2')).toEqual({ text: 'eth0' });
    expect(first.get('1.3.6.1.2.1.2.2.1.5.2')).toEqual({ value: 1e9 });
    expect(first.get('1.3.6.1.2.1.2.2.1.10.2')).toEqual({ value: 1_000 });
    await pass(10_000);
    agent.interfaces = [lo, { ...eth0, inOctets: 6_000 }];
    const second = await values();
    expect(second.get('1.3.6.1.2.1.2.2.1.5.2')).toEqual({ value: 1e9 });
    expect(second.get('1.3.6.1.2.1.2.2.1.10.2')).toEqual({ value: 6_000, per_second: 500 });
  });

  it('names a closed port at once', async () => {
    const closed = await udpPort();
    await closed.close();
    await expect(run(probing(V2C, { port: closed.port }), 'system')).rejects.toMatchObject({
      code: 'refused',
    });
  });

  it.each([
    ['bytes that are no BER', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['nothing', Buffer.alloc(0)],
    ['a message cut off', Buffer.from('302902010104067075626c6963a21c', 'hex')],
    ['v3 without a user', Buffer.from('303e020103301102044a1b2c3d020300ffe3040107020103041030', 'hex')],
  ])('names an answer of %s as malformed, and lives on', async (_what, answer) => {
    const server = await udpPort(() => answer);
    try {
      for (const credentials of [V2C, V3]) {
        await expect(run(probing(credentials, { port: server.port }), 'system')).rejects.toMatchObject({
          code: 'malformed',
        });
      }
    } finally {
      await server.close();
    }
  });

  it('survives an answer that net-snmp itself trips over: v3, signed, to a question in v2c', async () => {
    const part = (tag: number, ...content: Buffer[]) => {
      const body = Buffer.concat(content);
      return Buffer.concat([Buffer.of(tag, body.length), body]);
    };
    const integer = (value: number) => part(0x02, Buffer.of(value));
    const nothing = part(0x04);
    const security = part(0x30, nothing, integer(1), integer(1), nothing, nothing, nothing);
    const signed = part(0x04, Buffer.of(1));
    const server = await udpPort((request) => {
      // After version and community: the tag of the question, its length, and its id with tag and length.
      const at = 2 + 3 + 8 + 2;
      const id = request.subarray(at, at + 2 + request[at + 1]!);
      const head = part(0x30, id, integer(127), signed, integer(3));
      const answer = part(0xa2, id, integer(0), integer(0), part(0x30));
      return part(0x30, integer(3), head, part(0x04, security), part(0x30, nothing, nothing, answer));
    });
    try {
      await expect(run(probing(V2C, { port: server.port }), 'system')).rejects.toMatchObject({ code: 'malformed' });
    } finally {
      await server.close();
    }
  });

  it('asks nothing any more when it was ended between the look-up and the first question', async () => {
    const caller = new AbortController();
    const nameLookup = {
      async lookup() {
        caller.abort();
        return [{ address: '127.0.0.1', family: 4 as const }];
      },
    };
    const options = { host: 'sw1.test', port: agent.port, credentials: V2C, walk: [] };
    const [system] = new SnmpProbe(options, { nameLookup, clock }).operations;
    await expect(system!.run({ ...context, signal: caller.signal })).rejects.toMatchObject({ code: 'aborted' });
    expect(agent.received).toBe(0);
  });

  it('names an address that cannot be connected to', async () => {
    const nameLookup = { lookup: async () => [{ address: '255.255.255.255', family: 4 as const }] };
    const options = { host: 'sw1.test', port: 161, credentials: V2C, walk: [] };
    await expect(run(new SnmpProbe(options, { nameLookup, clock }), 'system')).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  it('sends a lost message again, and gives up by itself where there is no deadline', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const server = await udpPort();
    try {
      const failure = expect(run(probing(V2C, { port: server.port }), 'system')).rejects.toMatchObject({
        code: 'timeout',
        message: expect.stringContaining('check that it runs, and the community or user'),
      });
      for (let tries = 1; tries <= 4; tries++) {
        await eventually(() => server.received() === tries && vi.getTimerCount() === 1, `try ${tries}`);
        vi.advanceTimersByTime(1_000);
      }
      await failure;
    } finally {
      vi.useRealTimers();
      await server.close();
    }
  });
});
