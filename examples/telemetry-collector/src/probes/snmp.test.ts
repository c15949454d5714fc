import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import type { VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SnmpCredentials } from '../targets/target.js';
import { FakeLookup } from './loopback.suite.js';
import { describeProbe, expectWellFormed } from './probe.suite.js';
import { FakeAgent } from './snmp/agent.suite.js';
import { eth0, fieldsOf, lo, SnmpRig, udpPort, V2C, V3, walk } from './snmp/rig.suite.js';
import { SnmpProbe } from './snmp.js';

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
  let rig: SnmpRig;
  beforeEach(async () => {
    rig = await SnmpRig.start();
  });
  afterEach(() => rig.close());

  it.each([
    ['v2c', V2C],
    ['v3', V3],
  ])('reads uptime and name with %s', async (_version, credentials) => {
    expect(await rig.run(rig.probing(credentials), 'system')).toEqual([
      { measurement: 'snmp_system', tags: {}, fields: { uptime_seconds: 1_000, name: 'core-sw1' } },
    ]);
  });

  it('has one operation for the system and one for each walk', () => {
    const names = (walk: string[]) => rig.probing(V2C, { walk }).operations.map(({ name }) => name);
    expect(names([])).toEqual(['system']);
    expect(names(['ifXTable', '1.3.6.1.2.1.25'])).toEqual(['system', 'ifXTable', 'walk_1_3_6_1_2_1_25']);
  });

  it('reads states and totals at once, and rates from the second time on', async () => {
    const probe = rig.probing(V2C);
    expect(await rig.run(probe, 'ifTable')).toEqual([
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
    await rig.pass(10_000);
    rig.agent.interfaces = [lo, { ...eth0, inOctets: 11_000, operStatus: 7 }];
    expect(fieldsOf(await rig.run(probe, 'ifTable'), 'eth0')).toEqual({
      admin_status: 'up',
      oper_status: 'lowerLayerDown',
      speed_bits_per_second: 1e9,
      in_bytes_total: 11_000,
      in_bytes_per_second: 1_000,
      out_bytes_total: 2_000,
      out_bytes_per_second: 0,
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
      if (repetitions <= 3) return upstream.send(request, rig.agent.port, '127.0.0.1');
      request[request.indexOf(0xa5)] = 0xa2;
      return relay.send(request, from.port, from.address);
    });
    upstream.on('message', (answer) => relay.send(answer, client!.port, client!.address));
    relay.bind(0, '127.0.0.1');
    await once(relay, 'listening');
    try {
      expect(await rig.run(rig.probing(V2C, { port: relay.address().port }), 'ifTable')).toHaveLength(2);
      expect(asked.slice(0, 4)).toEqual([10, 5, 3, 3]);
    } finally {
      relay.close();
      upstream.close();
    }
  });

  it('walks many rows, and refuses more than allowed', async () => {
    const many = Array.from({ length: 120 }, (_, at) => ({ ...eth0, index: at + 1, descr: `port ${at + 1}` }));
    rig.agent.interfaces = many;
    expect(await rig.run(rig.probing(V2C), 'ifTable')).toHaveLength(120);
    await expect(rig.run(rig.probing(V2C, { maxRows: 119 }), 'ifTable')).rejects.toMatchObject({
      code: 'too-large',
    });
  });

  it('walks any other part of the MIB, with rates of what are counters', async () => {
    const probe = rig.probing(V2C, { walk: ['1.3.6.1.2.1.2.2.1'] });
    const name = 'walk_1_3_6_1_2_1_2_2_1';
    const values = async () => {
      const readings = await rig.run(probe, name);
      expectWellFormed(readings);
      expect(new Set(readings.map(({ measurement }) => measurement))).toEqual(new Set(['snmp_value']));
      return new Map(readings.map(({ tags, fields }) => [tags['oid'], fields]));
    };
    const first = await values();
    expect(first.size).toBe(14);
    expect(first.get('1.3.6.1.2.1.2.2.1.2.2')).toEqual({ text: 'eth0' });
    expect(first.get('1.3.6.1.2.1.2.2.1.5.2')).toEqual({ value: 1e9 });
    expect(first.get('1.3.6.1.2.1.2.2.1.10.2')).toEqual({ value: 1_000 });
    await rig.pass(10_000);
    rig.agent.interfaces = [lo, { ...eth0, inOctets: 6_000 }];
    const second = await values();
    expect(second.get('1.3.6.1.2.1.2.2.1.5.2')).toEqual({ value: 1e9 });
    expect(second.get('1.3.6.1.2.1.2.2.1.10.2')).toEqual({ value: 6_000, per_second: 500 });
  });
});
