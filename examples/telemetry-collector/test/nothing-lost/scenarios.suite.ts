import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { httpBackend } from '@breakwater/delivery';
import { reconcile } from '@breakwater/delivery/reconcile';
import { type CollectorProcess, type FaultProxy, Rig, type RigOptions } from '@breakwater/testbed';
import { expect } from 'vitest';
import { smallDisk } from './small-disk.suite.js';

const DAY_NS = 86_400_000_000_000n;
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const startRig = (options: Omit<RigOptions, 'main'>): Promise<Rig> => Rig.start({ main: MAIN, ...options });

/** How long the parts of a scenario take: seconds in the tests of every day, minutes in the long ones. */
export interface Effort {
  readonly kills: number;
  readonly awayMs: number;
  readonly slowMs: number;
}

const BOTH = ['influxdb', 'victoria-metrics'] as const;

/** Nothing is missing anywhere, nothing is there that nobody sent, and the ledgers added up whenever somebody looked. */
async function expectNothingLost(rig: Rig, settleMs = 60_000): Promise<void> {
  await rig.producer.stop();
  await rig.settled(settleMs);
  for (const { missing, unasked } of await rig.judgements()) {
    const first = [...missing, ...unasked].slice(0, 5);
    expect({ missing: missing.length, unasked: unasked.length, first }).toEqual({ missing: 0, unasked: 0, first: [] });
  }
  expect(rig.producer.accepted.size).toBeGreaterThan(0);
  expect(rig.looks).toBeGreaterThan(0);
  expect(rig.imbalances.slice(0, 3)).toEqual([]);
  for (const collector of rig.collectors) {
    for (const { expired, damaged } of (await rig.ledger(collector)).lanes.values()) {
      expect({ expired, damaged }).toEqual({ expired: 0, damaged: 0 });
    }
  }
}

/** (a) `kill -9` of the collector under load. */
async function collectorKilled({ kills }: Effort): Promise<void> {
  await using rig = await startRig({ backends: BOTH });
  rig.producer.start();
  for (let kill = 0; kill < kills; kill++) {
    await pause(200 + Math.random() * 800);
    // Each kill meets writes that are under way.
    while (rig.producer.underWay === 0) await pause(1);
    await rig.collector.kill();
    await rig.collector.start();
  }
  await pause(500);
  await expectNothingLost(rig);
}

/** (b) `kill -9` and restart of either backend, of both, and of VictoriaMetrics right after it has answered. */
async function backendsKilled({ awayMs }: Effort): Promise<void> {
  await using rig = await startRig({ backends: BOTH, producer: { pauseMs: 5 } });
  const [influx, victoria] = rig.backends.map(({ server }) => server) as [
    Rig['backends'][0]['server'],
    Rig['backends'][0]['server'],
  ];
  rig.producer.start();
  for (const servers of [[influx], [victoria], [influx, victoria]]) {
    await pause(1_000);
    for (const server of servers) server.signal('SIGKILL');
    await pause(awayMs / 4);
    for (const server of servers) await server.restart();
  }
  const { proxy } = rig.backends[1]!;
  const before = proxy.recorded.filter(({ status }) => status === 204).length;
  await expect
    .poll(() => proxy.recorded.filter(({ status }) => status === 204).length, { timeout: 30_000 })
    .toBeGreaterThan(before);
  victoria.signal('SIGKILL');
  await victoria.restart();
  await pause(1_000);
  await expectNothingLost(rig);
  expect((await rig.ledger()).resent.get('backend-restart') ?? 0).toBeGreaterThan(0);
  expect(rig.sentAgain()[0]).toBe(0);
}

/** (c) A backend is away for a while, and comes back. */
async function backendAway({ awayMs }: Effort): Promise<void> {
  await using rig = await startRig({ backends: BOTH, env: { ACK_HOLD: '0' }, producer: { pauseMs: 5 } });
  rig.producer.start();
  await pause(500);
  await rig.backends[0]!.proxy.set('down');
  await pause(awayMs);
  await rig.backends[0]!.proxy.set('none');
  await pause(1_000);
  await expectNothingLost(rig, 120_000);
  expect(rig.sentAgain()).toEqual([0, 0]);
}

/** (d) A backend takes its time for every answer. */
async function backendSlow({ awayMs, slowMs }: Effort): Promise<void> {
  await using rig = await startRig({ backends: BOTH, env: { ACK_HOLD: '0' }, producer: { pauseMs: 20 } });
  await rig.backends[0]!.proxy.set({ delayAnswerMs: slowMs }, { only: 'writes' });
  rig.producer.start();
  await pause(awayMs);
  await rig.producer.stop();
  await rig.backends[0]!.proxy.set('none');
  await expectNothingLost(rig, 120_000);
  expect(rig.sentAgain()).toEqual([0, 0]);
}

/** (e) Everything that a server or a network may answer, one after the other. */
async function everyAnswer({ awayMs }: Effort): Promise<void> {
  // Every write is longer than what is taken while there is a limit.
  const producer = { pointsPerWrite: 500, writers: 2, pauseMs: 40 };
  await using rig = await startRig({ backends: BOTH, env: { ACK_HOLD: '0' }, producer });
  const { proxy } = rig.backends[0]!;
  const answered = (status: number) => proxy.recorded.filter((write) => write.status === status).length;
  rig.producer.start();
  const faults = [
    { status: 503, body: 'request throttled, queue full' },
    { status: 429, headers: { 'retry-after': '1' } },
    { maxBytes: 20_000 },
    {
      status: 401,
      headers: { 'content-type': 'application/json' },
      body: '{"error":"unable to parse authentication credentials"}',
    },
    {
      status: 404,
      headers: { 'content-type': 'application/json' },
      body: '{"error":"database not found: \\"telemetry\\""}',
    },
    'reset-before',
    'reset-after',
    'half-answer',
  ] as const;
  for (const fault of faults) {
    const hurt = () => (typeof fault === 'object' && 'maxBytes' in fault ? answered(413) : proxy.writes);
    const before = hurt();
    await proxy.set(fault, { only: 'writes' });
    await expect.poll(hurt, { timeout: 60_000 }).toBeGreaterThan(before);
    await pause(awayMs / faults.length);
    await proxy.set('none');
    const stored = answered(204);
    await expect.poll(() => answered(204), { timeout: 70_000 }).toBeGreaterThan(stored);
  }
  await expectNothingLost(rig, 150_000);
  expect(rig.sentAgain()).toEqual([0, 0]);
  const { resent } = await rig.ledger();
  expect(
    [...resent]
      .filter(([, points]) => points > 0)
      .map(([reason]) => reason)
      .sort(),
  ).toEqual(expect.arrayContaining(['network', 'overloaded', 'too-large', 'unauthorized']));
}

/** (f) One line in 5,000 clashes with what is stored: text where there are numbers. */
async function badLines({ kills }: Effort): Promise<void> {
  await using rig = await startRig({ backends: ['influxdb'] });
  rig.producer.start();
  await expect
    .poll(() => rig.backends[0]!.proxy.recorded.some(({ status }) => status === 204), { timeout: 20_000 })
    .toBe(true);
  const bad: string[] = [];
  for (let round = 0; round < kills; round++) {
    // Of the producer's own time: InfluxDB knows the type of a field in each shard by itself, and a shard ends on Sundays.
    const time = `${rig.producer.timeOf(round)}000000`;
    bad.push(`oracle,producer=bad n="no number ${round}" ${time}`);
    const good = Array.from({ length: 4_999 }, (_, index) => `other,round=${round} v=${index}i ${index + 1}000000`);
    const body = [...good.slice(0, 2_500), bad.at(-1)!, ...good.slice(2_500)].join('\n');
    const answer = await fetch(`${rig.collector.url}/write?db=telemetry`, { method: 'POST', body });
    expect(answer.status).toBe(204);
  }
  await expectNothingLost(rig);
  const [lane] = (await rig.ledger()).lanes.values();
  expect(lane!.quarantined).toBe(kills);
  const count = await fetch(
    `${rig.backends[0]!.server.url}/query?${new URLSearchParams({ db: 'telemetry', q: 'SELECT count(v) FROM other GROUP BY round' })}`,
  );
  const { results } = (await count.json()) as {
    results: Array<{ series: Array<{ values: Array<[string, number]> }> }>;
  };
  expect(results[0]!.series.map(({ values }) => values[0]![1])).toEqual(Array.from({ length: kills }, () => 4_999));
}

/** (g) The disk of the log is full: intake says so, and goes on by itself when a backend takes points again. */
async function diskFull(_effort: Effort): Promise<void> {
  await using disk = await smallDisk(8);
  await using rig = await startRig({
    backends: ['influxdb'],
    spool: disk.path,
    env: { SPOOL_MAX_BYTES: String(64 * 2 ** 20) },
  });
  const { proxy } = rig.backends[0]!;
  await proxy.set('down');
  rig.producer.start();
  await expect.poll(() => rig.producer.answers.get('429') ?? 0, { timeout: 60_000 }).toBeGreaterThan(5);
  const ready = async () => {
    const answer = await fetch(`${rig.collector.url}/health/ready`);
    return `${answer.status} ${await answer.text()}`;
  };
  await expect.poll(ready, { timeout: 60_000 }).toMatch(/^503 .*disk/s);
  const before = rig.producer.accepted.size;
  await proxy.set('none');
  await expect.poll(() => rig.producer.accepted.size, { timeout: 60_000 }).toBeGreaterThan(before + 1_000);
  // While it is written to, it may be full again.
  await rig.producer.stop();
  await expect.poll(ready, { timeout: 60_000 }).toMatch(/^200 /);
  await expectNothingLost(rig);
}

/** (h) A collector is drained for good while one backend, then both are away: its points arrive through its peer. */
async function drainedForGood({ awayMs }: Effort): Promise<void> {
  const env = { ACK_HOLD: '0', DRAIN_TIMEOUT: '20' };
  await using rig = await startRig({ backends: BOTH, collectors: 2, hasFront: true, env, producer: { pauseMs: 20 } });
  const [first] = rig.collectors as [CollectorProcess, CollectorProcess];
  const [a, b] = rig.backends.map(({ proxy }) => proxy) as [FaultProxy, FaultProxy];
  for (const away of [[a], [a, b]]) {
    for (const proxy of away) await proxy.set('down');
    rig.producer.start();
    await pause(Math.min(awayMs, 5_000));
    await rig.producer.stop();
    expect(await first.end(), `the exit code of the drained collector, which said:\n${first.output}`).toBe(0);
    await rm(first.folder, { recursive: true });
    for (const proxy of away) await proxy.set('none');
    await first.start();
  }
  await expectNothingLost(rig);
  expect(rig.sentAgain()).toEqual([0, 0]);
}

/** (i) One of two backends is dead for the whole run, and comes back when the collector has restarted. */
async function deadForTheRun({ awayMs }: Effort): Promise<void> {
  const env = { DRAIN_TIMEOUT: '3' };
  await using rig = await startRig({ backends: ['influxdb', 'influxdb'], env, producer: { pauseMs: 20 } });
  const [a, b] = rig.backends as [Rig['backends'][0], Rig['backends'][0]];
  await b.proxy.set('down');
  rig.producer.start();
  await pause(awayMs);
  await rig.producer.stop();
  await rig.collector.end();
  await b.proxy.set('none');
  await rig.collector.start();
  await expectNothingLost(rig, 120_000);
  expect(await differingWindows(a.server.url, b.server.url)).toEqual([]);
}

/** (j) The same until the dead one's lane is over its cap: what it then lacks is what the ledger calls expired. */
async function deadOverItsCap(_effort: Effort): Promise<void> {
  const env = { SPOOL_MAX_BYTES: String(8 * 2 ** 20) };
  await using rig = await startRig({ backends: ['influxdb', 'influxdb'], env, producer: { pointsPerWrite: 500 } });
  const { proxy } = rig.backends[1]!;
  await proxy.set('down');
  rig.producer.start();
  await expect.poll(async () => (await expiredOf(rig))[1]!, { timeout: 120_000 }).toBeGreaterThan(20_000);
  await rig.producer.stop();
  await proxy.set('none');
  await rig.settled(60_000);
  const [atA, atB] = await rig.judgements();
  const [expiredAtA, expiredAtB] = await expiredOf(rig);
  expect(atA).toMatchObject({ missing: [], unasked: [] });
  expect(expiredAtA).toBe(0);
  // The collector's own few points may be among them.
  expect(Math.abs(atB!.missing.length - expiredAtB!)).toBeLessThan(100);
  expect(atB!.unasked).toEqual([]);
  expect(rig.imbalances.slice(0, 3)).toEqual([]);
}

/** Points that expired, by backend. */
async function expiredOf(rig: Rig): Promise<number[]> {
  const { lanes } = await rig.ledger();
  return rig.backends.map(({ proxy }) =>
    [...lanes].reduce((sum, [key, { expired }]) => sum + (key.startsWith(`${proxy.url} `) ? expired : 0), 0),
  );
}

/** Where two servers differ, by count and checksum of every measurement. */
async function differingWindows(from: string, to: string): Promise<unknown[]> {
  const windows: unknown[] = [];
  const endNs = BigInt(Date.now()) * 1_000_000n;
  const { measurements } = await reconcile(
    {
      from: { url: from },
      to: { url: to },
      database: 'telemetry',
      range: { startNs: endNs - 2n * DAY_NS, endNs },
      windowNs: DAY_NS / 24n,
      signal: AbortSignal.timeout(60_000),
      onWindow: (window) => windows.push(window),
      onRefused: () => {},
    },
    ({ url }) => httpBackend({ url, bucket: 'telemetry' }),
  );
  expect(measurements).toBeGreaterThan(0);
  return windows;
}

/** What each of them shows, in the words of a test. */
export const SCENARIOS: ReadonlyArray<readonly [what: string, run: (effort: Effort) => Promise<void>]> = [
  ['when the collector is killed under load', collectorKilled],
  ['when backends are killed, right after their answer too', backendsKilled],
  ['when a backend is away', backendAway],
  ['when a backend is slow', backendSlow],
  ['whatever a backend answers', everyAnswer],
  ['when some lines are bad: these alone are quarantined', badLines],
  ['when the disk is full', diskFull],
  ['when a collector is drained for good while backends are away', drainedForGood],
  ['when one of two backends is dead for the whole run: both hold the same afterwards', deadForTheRun],
  ['but what the ledger calls expired, when a dead backend is owed more than the cap', deadOverItsCap],
];
