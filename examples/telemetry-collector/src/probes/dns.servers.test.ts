import { systemClock } from '@breakwater/resilience';
import { type RunningServer, type ServerDetails, startServer } from '@breakwater/testbed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DnsProbe, type DnsProbeOptions } from './dns.js';

describe('the DNS probe against dnsmasq', () => {
  let server: RunningServer & ServerDetails<'dnsmasq'>;
  beforeAll(async () => {
    server = await startServer('dnsmasq', {
      ttlSeconds: 77,
      records: [{ type: 'SRV', name: '_ldap._tcp.example.test', target: 'ldap.example.test', port: 389 }],
    });
  });
  afterAll(() => server.stop());

  const run = async (options: Partial<DnsProbeOptions>) => {
    const question = { server: server.host, port: server.port, query: 'example.test', type: 'A' as const };
    const probe = new DnsProbe({ ...question, expectAnswer: [], ...options }, { clock: systemClock });
    const context = { signal: new AbortController().signal, deadline: systemClock.now() + 5_000, attempt: 1 };
    return (await probe.operations[0]!.run(context))[0]!.fields;
  };

  it.each<Partial<DnsProbeOptions>>([
    { type: 'A', expectAnswer: ['192.0.2.10'] },
    { type: 'AAAA', expectAnswer: ['2001:db8::10'] },
    { type: 'TXT', expectAnswer: ['a name for tests'] },
    { type: 'MX', expectAnswer: ['10 mail.example.test'] },
    { type: 'CNAME', query: 'www.example.test', expectAnswer: ['example.test'] },
    { type: 'A', query: 'www.example.test', expectAnswer: ['192.0.2.10'] },
    { type: 'SRV', query: '_ldap._tcp.example.test', expectAnswer: ['0 0 389 ldap.example.test'] },
    { type: 'PTR', query: '192.0.2.10', expectAnswer: ['example.test'] },
  ])('reads what dnsmasq was told: %j', async (options) => {
    const fields = await run(options);
    expect(fields).toMatchObject({ answers: 1 });
    expect(fields['rtt_ms']).toBeGreaterThan(0);
    if (options.type === 'A' || options.type === 'AAAA') expect(fields['ttl_seconds']).toBe(77);
  });

  it('tells a name that does not exist from a question that is refused', async () => {
    await expect(run({ query: 'missing.test' })).rejects.toMatchObject({ code: 'unexpected-answer' });
    await expect(run({ query: 'example.org' })).rejects.toMatchObject({ code: 'failed' });
  });
});
