import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { systemClock } from '@breakwater/resilience';
import { type RunningServer, type ServerDetails, startServer } from '@breakwater/testbed';
import snmp, { type Session } from 'net-snmp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../targets/secret.js';
import type { SnmpCredentials } from '../targets/target.js';
import { FakeLookup } from './loopback.suite.js';
import { ProbeError, type Reading } from './probe.js';
import { expectWellFormed } from './probe.suite.js';
import { SnmpProbe } from './snmp.js';

const IF_TABLE = '1.3.6.1.2.1.2.2';
const SYS_UP_TIME = '1.3.6.1.2.1.1.3.0';

let server: RunningServer & ServerDetails<'snmpd'>;
let raw: Session;
beforeAll(async () => {
  server = await startServer('snmpd', { system: { name: 'core-sw1' } });
  raw = snmp.createSession('127.0.0.1', server.community, { port: server.port, version: snmp.Version2c });
});
afterAll(async () => {
  raw.close();
  await server.stop();
});

const v2c = (community = server.community): SnmpCredentials => ({ version: '2c', community: new Secret(community) });
const v3 = (name: string, wrong: { auth?: string; priv?: string; name?: string } = {}): SnmpCredentials => {
  const { auth, priv } = server.users.find((user) => user.name === name)!;
  return {
    version: '3',
    user: wrong.name ?? name,
    context: undefined,
    auth: { protocol: auth.protocol, key: new Secret(wrong.auth ?? auth.key) },
    priv: { protocol: priv.protocol, key: new Secret(wrong.priv ?? priv.key) },
  };
};
const probing = (credentials: SnmpCredentials, walk: string[] = []) =>
  new SnmpProbe(
    { host: server.host, port: server.port, credentials, walk },
    { nameLookup: new FakeLookup(), clock: systemClock },
  );
const run = (probe: SnmpProbe, name: string, timeoutMs = 10_000) =>
  probe.operations
    .find((one) => one.name === name)!
    .run({ signal: new AbortController().signal, deadline: systemClock.now() + timeoutMs, attempt: 1 });
const fieldsOf = (readings: readonly Reading[], name: string) =>
  readings.find(({ tags }) => tags['interface'] === name)!.fields;

/** What the agent says, asked without any code of ours. */
const rawUpTime = () =>
  new Promise<number>((resolve, reject) => {
    raw.get([SYS_UP_TIME], (error, varbinds) => (error ? reject(error) : resolve(Number(varbinds![0]!.value))));
  });
const rawTable = () =>
  new Promise<Record<string, Record<string, unknown>>>((resolve, reject) => {
    raw.table(IF_TABLE, (error, table) => (error ? reject(error) : resolve(table as never)));
  });

describe('the SNMP probe against snmpd', () => {
  it.each([
    ['v2c', () => v2c()],
    ['v3 with SHA-256 and AES', () => v3('telemetry')],
    ['v3 with SHA and AES', () => v3('telemetry-sha')],
  ])('reads the same uptime and name as a plain GET, with %s', async (_how, credentials) => {
    const before = await rawUpTime();
    const readings = await run(probing(credentials()), 'system');
    const after = await rawUpTime();
    const { uptime_seconds: upTime, name } = readings[0]!.fields;
    expect(name).toBe('core-sw1');
    expect(upTime).toBeGreaterThanOrEqual(before / 100);
    expect(upTime).toBeLessThanOrEqual(after / 100);
  });

  it.each([
    ['v2c', () => v2c()],
    ['v3', () => v3('telemetry')],
  ])('reads the same interfaces as a plain walk, with %s', async (_how, credentials) => {
    const before = await rawTable();
    const readings = await run(probing(credentials(), ['ifTable']), 'ifTable');
    const after = await rawTable();
    expectWellFormed(readings);
    expect(readings.map(({ tags }) => tags['interface_index']).sort()).toEqual(Object.keys(before).sort());
    for (const { tags, fields } of readings) {
      const [first, last] = [before[tags['interface_index']!]!, after[tags['interface_index']!]!];
      expect(tags['interface']).toBe(String(first[2]));
      expect(fields['oper_status']).toBe(['up', 'down', 'testing', 'unknown', 'dormant'][Number(first[8]) - 1]);
      for (const [column, field] of [
        [10, 'in_bytes_total'],
        [16, 'out_bytes_total'],
        [11, 'in_unicast_packets_total'],
      ] as const) {
        expect(fields[field]).toBeGreaterThanOrEqual(Number(first[column]));
        expect(fields[field]).toBeLessThanOrEqual(Number(last[column]));
      }
    }
    expect(fieldsOf(readings, 'lo')['admin_status']).toBe('up');
  });

  it('counts what goes over the loopback interface, and no more', { timeout: 180_000 }, async () => {
    const probe = probing(v2c(), ['ifXTable']);
    const first = fieldsOf(await run(probe, 'ifXTable'), 'lo');
    expect(first).not.toHaveProperty('in_bytes_per_second');
    let sinceMs = performance.now();
    await sendOverLoopback(20_000_000);
    // snmpd reads the kernel when it likes, in the middle of the sending too, and keeps that for up to 15 s.
    const bytes = (fields: Reading['fields']) => Number(fields['in_bytes_total']);
    let [before, last, lastMs] = [first, first, sinceMs];
    while (bytes(last) - bytes(first) <= 20_000_000) {
      [before, sinceMs] = [last, lastMs];
      await delay(500);
      lastMs = performance.now();
      last = fieldsOf(await run(probe, 'ifXTable'), 'lo');
    }
    expect(bytes(last)).toBeLessThanOrEqual(kernelBytes('lo'));
    // The rate is over the time since the poll before, which was one of half a second ago and more.
    const shown = bytes(last) - bytes(before);
    const rate = Number(last['in_bytes_per_second']);
    expect(rate).toBeGreaterThan(shown / ((performance.now() - sinceMs) / 1_000 + 5));
    expect(rate).toBeLessThanOrEqual(shown / 0.4);
  });

  it('walks any part of the MIB', async () => {
    const readings = await run(probing(v2c(), ['1.3.6.1.2.1.1']), 'walk_1_3_6_1_2_1_1');
    expectWellFormed(readings);
    expect(readings.find(({ tags }) => tags['oid'] === '1.3.6.1.2.1.1.5.0')!.fields).toEqual({ text: 'core-sw1' });
  });

  it.each([
    ['the auth key', { auth: 'not-the-auth-key' }, 'Wrong Digest'],
    ['the user', { name: 'nobody' }, 'Unknown User Name'],
  ])('names a mistake in %s, at once and without telling the keys', async (_what, wrong, words) => {
    const error: unknown = await run(probing(v3('telemetry', wrong)), 'system').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProbeError);
    expect(error).toMatchObject({ code: 'auth', message: expect.stringContaining(words) });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/testbed-auth-key|testbed-priv-key|not-the-/);
  });

  it('asks in the context that is named, and snmpd does not answer in one that it does not have', async () => {
    const elsewhere = { ...v3('telemetry'), context: 'elsewhere' } as SnmpCredentials;
    await expect(run(probing(elsewhere), 'system', 2_000)).rejects.toMatchObject({ code: 'timeout' });
  });

  it.each([
    ['community', () => v2c('not-public')],
    ['priv key', () => v3('telemetry', { priv: 'not-the-priv-key' })],
  ])(
    'runs into its deadline with a wrong %s, which snmpd does not answer, and says what that may mean',
    async (_what, credentials) => {
      await expect(run(probing(credentials()), 'system', 2_000)).rejects.toMatchObject({
        code: 'timeout',
        message: expect.stringContaining('which may not answer a wrong community or key'),
      });
    },
  );

  it('gives no rate across a restart of the agent', { timeout: 60_000 }, async () => {
    const probe = probing(v3('telemetry'), ['ifTable']);
    await run(probe, 'ifTable');
    await delay(3_000);
    await server.restart();
    const readings = await run(probe, 'ifTable');
    for (const { fields } of readings) expect(fields).not.toHaveProperty('in_bytes_per_second');
    await delay(1_000);
    expect(fieldsOf(await run(probe, 'ifTable'), 'lo')).toHaveProperty('in_bytes_per_second');
  });
});

async function sendOverLoopback(bytes: number): Promise<void> {
  const sink = createServer((socket) => socket.resume());
  sink.listen(0, '127.0.0.1');
  await once(sink, 'listening');
  const socket = connect((sink.address() as AddressInfo).port, '127.0.0.1');
  socket.end(Buffer.alloc(bytes));
  await once(socket, 'close');
  sink.close();
}

/** Received bytes, as the kernel counts them now. */
function kernelBytes(name: string): number {
  const line = readFileSync('/proc/net/dev', 'latin1')
    .split('\n')
    .find((one) => one.trim().startsWith(`${name}:`));
  return Number(line!.trim().split(/[:\s]+/)[1]);
}
