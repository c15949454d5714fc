import { VirtualClock } from '@breakwater/resilience/testing';
import { freePort } from '@breakwater/testbed';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nameBytes, ScriptedNameServer, uint16, uint32 } from './dns/name-server.suite.js';
import { DnsProbe, type DnsProbeOptions } from './dns.js';
import { describeProbe } from './probe.suite.js';

const question = (server: ScriptedNameServer, options: Partial<DnsProbeOptions> = {}): DnsProbeOptions => ({
  server: '127.0.0.1',
  port: server.port,
  query: 'example.test',
  type: 'A',
  expectAnswer: [],
  ...options,
});
const address = (text: string) => Buffer.from(text.split('.').map(Number));

describeProbe({
  kind: 'dns',
  async healthy(clock) {
    const server = await ScriptedNameServer.start({ records: [{ data: address('192.0.2.10') }] });
    return {
      probe: new DnsProbe(question(server), { clock }),
      contacts: () => server.asked.length,
      open: () => server.open,
      close: () => server.close(),
    };
  },
  hanging: {
    async 'the answer'(clock) {
      const server = await ScriptedNameServer.start();
      return {
        probe: new DnsProbe(question(server), { clock }),
        contacts: () => server.asked.length,
        open: () => server.open,
        close: () => server.close(),
      };
    },
    async 'the answer over TCP'(clock) {
      const server = await ScriptedNameServer.start({ truncated: true });
      return {
        probe: new DnsProbe(question(server), { clock }),
        contacts: () => server.asked.length,
        open: () => server.open,
        stuck: () => {
          // Over UDP it says that the answer is too long; over TCP it says nothing.
          if (server.asked.length > 0) server.script = undefined;
          return server.asked.some(({ over }) => over === 'tcp');
        },
        close: () => server.close(),
      };
    },
  },
});

describe('the DNS probe', () => {
  const clock = new VirtualClock();
  const context = { signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY, attempt: 1 };
  let server: ScriptedNameServer;
  const run = (options?: Partial<DnsProbeOptions>) =>
    new DnsProbe(question(server, options), { clock }).operations[0]!.run(context);

  beforeEach(async () => {
    server = await ScriptedNameServer.start();
  });
  afterEach(() => server.close());

  it('counts the answers and tells the shortest time to keep them', async () => {
    server.script = {
      records: [
        { data: address('192.0.2.10'), ttl: 300 },
        { data: address('192.0.2.11'), ttl: 30 },
      ],
    };
    expect(await run()).toEqual([
      {
        measurement: 'dns',
        tags: { query: 'example.test', type: 'A' },
        fields: { rtt_ms: 0, answers: 2, ttl_seconds: 30 },
      },
    ]);
  });

  it('asks the name as it is, without a search list', async () => {
    server.script = { records: [{ data: address('192.0.2.10') }] };
    await run({ query: 'short' });
    expect(server.asked.map(({ name }) => name.toLowerCase())).toEqual(['short']);
  });

  it('asks again over TCP when an answer is too long for UDP', async () => {
    const records = Array.from({ length: 100 }, (_, at) => ({ data: address(`192.0.2.${at}`) }));
    server.script = { records, truncated: true };
    expect((await run())[0]!.fields).toMatchObject({ answers: 100 });
    expect(server.asked.map(({ over }) => over)).toEqual(['udp', 'tcp']);
  });

  it.each<[DnsProbeOptions['type'], Buffer, string]>([
    ['A', address('192.0.2.10'), '192.0.2.10'],
    ['AAAA', Buffer.from('20010db8000000000000000000000010', 'hex'), '2001:db8::10'],
    ['CNAME', nameBytes('real.example.test'), 'Real.Example.TEST.'],
    ['NS', nameBytes('ns1.example.test'), 'ns1.example.test'],
    ['PTR', nameBytes('host.example.test'), 'host.example.test'],
    ['MX', Buffer.concat([uint16(10), nameBytes('mail.example.test')]), '10 mail.example.test'],
    [
      'SRV',
      Buffer.concat([uint16(1), uint16(2), uint16(389), nameBytes('ldap.example.test')]),
      '1 2 389 ldap.example.test',
    ],
    ['TXT', Buffer.concat([Buffer.of(4), Buffer.from('v=sp'), Buffer.of(2), Buffer.from('f1')]), 'v=spf1'],
    [
      'SOA',
      Buffer.concat([nameBytes('ns1.example.test'), nameBytes('admin.example.test'), ...[7, 1, 1, 1, 1].map(uint32)]),
      'ns1.example.test admin.example.test 7',
    ],
  ])('compares answers of type %s', async (type, data, expected) => {
    server.script = { records: [{ data }] };
    expect((await run({ type, expectAnswer: [expected] }))[0]!.fields).toMatchObject({ answers: 1 });
    await expect(run({ type, expectAnswer: [expected, 'another'] })).rejects.toMatchObject({
      code: 'unexpected-answer',
      message: expect.stringContaining('"another" is not among the answers'),
      readings: [{ measurement: 'dns', fields: { answers: 1 } }],
    });
  });

  it('asks for the names of an address without looking into the hosts file', async () => {
    server.script = { records: [{ data: nameBytes('loop.example.test') }] };
    await run({ type: 'PTR', query: '127.0.0.1', expectAnswer: ['loop.example.test'] });
    expect(server.asked[0]!.name.toLowerCase()).toBe('1.0.0.127.in-addr.arpa');
  });

  it.each([
    [{ rcode: 3 }, 'unexpected-answer', 'NXDOMAIN'],
    [{ records: [] }, 'unexpected-answer', 'no record of this type'],
    [{ rcode: 2 }, 'failed', 'SERVFAIL'],
    [{ rcode: 5 }, 'failed', 'REFUSED'],
    [{ rcode: 4 }, 'failed', 'NOTIMP'],
    [{ rcode: 1 }, 'failed', 'FORMERR'],
    [{ records: [{ data: Buffer.of(1, 2, 3) }] }, 'malformed', 'makes no sense'],
  ])('says of the answer %j that it is %s', async (script, code, words) => {
    server.script = script;
    await expect(run()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(new RegExp(`^127.0.0.1:${server.port}, asked for A of example.test: .*${words}`)),
    });
  });

  it('asks three times within its time, then names a silent server', async () => {
    const probe = new DnsProbe(question(server), { clock });
    await expect(probe.operations[0]!.run({ ...context, deadline: clock.now() + 70 })).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('asked for A of example.test: no answer'),
    });
    expect(server.asked).toHaveLength(3);
  });

  it('names a closed port', async () => {
    await expect(run({ port: await freePort() })).rejects.toMatchObject({ code: 'refused' });
  });
});
