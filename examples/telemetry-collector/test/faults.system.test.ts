import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Fault, type FaultyServer, faultyServer, freePort } from '@breakwater/testbed';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RunningCollector } from './running-collector.suite.js';

/** What each way of misbehaving is called. */
const NAMED: ReadonlyArray<readonly [Fault, readonly string[]]> = [
  ['hang', ['timeout']],
  ['drip', ['timeout']],
  ['reset', ['reset']],
  ['close', ['reset']],
  ['garbage', ['malformed']],
  ['half-response', ['truncated']],
  ['huge-body', ['too-large']],
  ['redirect-loop', ['redirect-loop']],
];

interface Status {
  readonly name: string;
  readonly lastRun: { outcome: string; error: { code: string; message: string } | null } | null;
  readonly turns: Record<string, number>;
}

describe('targets that misbehave, all at once', () => {
  const faulty: FaultyServer[] = [];
  let healthy: Server;
  let collector: RunningCollector;
  let statuses: ReadonlyMap<string, Status>;
  let page: string;

  beforeAll(async () => {
    healthy = createServer((_request, response) => response.end('ok'));
    await new Promise<void>((resolve) => healthy.listen(0, '127.0.0.1', resolve));
    const lines = [
      `  - { name: healthy, probe: http, url: "http://127.0.0.1:${(healthy.address() as AddressInfo).port}/" }`,
    ];
    for (const [fault] of NAMED) {
      const server = await faultyServer(fault);
      faulty.push(server);
      lines.push(`  - { name: ${fault}, probe: http, url: "http://127.0.0.1:${server.port}/" }`);
    }
    lines.push(`  - { name: refused, probe: http, url: "http://127.0.0.1:${await freePort()}/" }`);
    collector = await RunningCollector.start({
      targets: `apiVersion: breakwater/v1\nkind: Targets\ndefaults: { interval: 5s, timeout: 4s }\ntargets:\n${lines.join('\n')}\n`,
    });
    const everyoneRan = async () => (await read()).every(({ lastRun }) => lastRun !== null);
    await vi.waitUntil(everyoneRan, { timeout: 60_000, interval: 100 });
    const healthyRanOn = async () => (await read()).some(({ name, turns }) => name === 'healthy' && turns['up']! > 3);
    await vi.waitUntil(healthyRanOn, { timeout: 60_000, interval: 100 });
    statuses = new Map((await read()).map((status) => [status.name, status]));
    // A metric that was first told of during one scrape shows from the next on.
    for (let scrape = 0; scrape < 2; scrape++) page = await (await collector.ask('/metrics')).text();
  });
  afterAll(async () => {
    await collector?.remove();
    healthy.close();
    await Promise.all(faulty.map((server) => server.stop()));
  });

  const read = async () => ((await (await collector.ask('/targets')).json()) as { targets: Status[] }).targets;

  it.each([...NAMED, ['refused', ['refused']] as const])(
    'names %s as %s on /targets and in the metrics',
    (name, codes) => {
      const error = statuses.get(name)?.lastRun?.error;
      expect(codes).toContain(error?.code);
      expect(error?.message).toContain('127.0.0.1');
      expect(page).toMatch(new RegExp(`telemetry_probe_errors_total\\{[^}]*"${error!.code}"[^}]*\\} [1-9]`));
    },
  );

  it('and the healthy one beside them misses no turn', () => {
    const { up, missed = 0, ...others } = statuses.get('healthy')!.turns;
    expect(up).toBeGreaterThan(3);
    expect(Object.entries(others).filter(([, count]) => count > 0)).toEqual([]);
    // But for those while the process stood still: a turn is missed that cannot begin within half of its interval.
    const stalledS = Number(/^telemetry_event_loop_stalled_seconds_total\S* (\S+)$/m.exec(page)![1]);
    expect(missed).toBeLessThanOrEqual(Math.floor(stalledS / 2.5));
  });

  it('ends in good order under all of them', async () => {
    collector.signal('SIGTERM');
    expect(await collector.ended()).toBe(0);
    expect(collector.errors).not.toMatch(/uncaught|unhandled/i);
  });
});
