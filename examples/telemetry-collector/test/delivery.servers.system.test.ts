import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startServer } from '@breakwater/testbed';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunningCollector } from './running-collector.suite.js';

type Influx = Awaited<ReturnType<typeof startServer<'influxdb'>>>;

/** Machines that test may be slow. */
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 60_000, interval: 200 });

async function count(server: Influx, measurement: string, field: string): Promise<number> {
  const query = new URLSearchParams({ db: server.database, q: `SELECT COUNT("${field}") FROM "${measurement}"` });
  const answer = (await (await fetch(`${server.url}/query?${query}`)).json()) as {
    results: Array<{ series?: Array<{ values: Array<[string, number]> }> }>;
  };
  return answer.results[0]?.series?.[0]?.values[0]?.[1] ?? 0;
}

describe('the built collector and two InfluxDB servers', () => {
  let target: Server;
  let one: Influx;
  let other: Influx;
  let collector: RunningCollector;

  beforeEach(async () => {
    target = createServer((_request, response) => response.end('ok'));
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
    [one, other] = await Promise.all([startServer('influxdb'), startServer('influxdb')]);
  });
  afterEach(async () => {
    await collector?.remove();
    target.closeAllConnections();
    target.close();
    await Promise.all([one?.stop(), other?.stop()]);
  });

  const start = async (env: Record<string, string> = {}) => {
    const { port } = target.address() as AddressInfo;
    const web = `{ name: web, probe: http, url: "http://127.0.0.1:${port}/", interval: 1s, timeout: 1s }`;
    collector = await RunningCollector.start({
      targets: `apiVersion: breakwater/v1\nkind: Targets\ntargets:\n  - ${web}\n`,
      env: { INFLUX_URLS: `${one.url},${other.url}`, INFLUX_BUCKET: one.database, DRAIN_TIMEOUT: '4', ...env },
    });
    await collector.logged('listening');
    await eventually(ready).toBe(200);
  };
  const ready = async () => (await collector.ask('/health/ready')).status;
  const lane = async ({ port }: Influx) => (await collector.ask(`/health/lanes/127.0.0.1:${port}`)).status;
  let written = 0;
  const write = async (points: number) => {
    const lines = Array.from(
      { length: points },
      () => `written value=1 ${1_763_784_000_000_000_000n + BigInt(written++)}`,
    );
    return (await collector.ask('/write', { method: 'POST', body: lines.join('\n') })).status;
  };
  const stored = async (server: Influx) => count(server, 'written', 'value');
  const polled = async (server: Influx) => count(server, 'telemetry_turn', 'up');

  beforeEach(() => {
    written = 0;
  });

  it('brings what it polls and what is written to it to both', async () => {
    await start({ DRAIN_TIMEOUT: '60' });
    expect(await write(1_000)).toBe(204);
    for (const server of [one, other]) {
      await eventually(() => stored(server)).toBe(1_000);
      await eventually(() => polled(server)).toBeGreaterThan(2);
      await eventually(() => lane(server)).toBe(200);
    }
    collector.signal('SIGTERM');
    expect(await collector.ended()).toBe(0);
    expect(await polled(one)).toBe(await polled(other));
  });

  it('goes on while one is away, says which, and catches up when it is back', async () => {
    await start();
    other.signal('SIGKILL');
    expect(await write(500)).toBe(204);
    const all = async () => [await ready(), await lane(one), await lane(other)];
    await eventually(all).toEqual([200, 200, 503]);
    await eventually(() => stored(one)).toBe(500);
    await other.restart();
    await eventually(() => lane(other)).toBe(200);
    await eventually(() => stored(other)).toBe(500);
  });

  it('keeps what one of them lacks when it is told to stop, and delivers it after the next start', async () => {
    await start();
    other.signal('SIGKILL');
    expect(await write(500)).toBe(204);
    await eventually(() => stored(one)).toBe(500);
    collector.signal('SIGTERM');
    expect(await collector.ended()).toBe(0);
    expect(collector.errors).toContain('is delivered at the next start with that folder');
    await other.restart();
    await collector.restart({ DRAIN_TIMEOUT: '60' });
    await eventually(() => stored(other)).toBe(500);
    await eventually(() => lane(other)).toBe(200);
    collector.signal('SIGTERM');
    expect(await collector.ended()).toBe(0);
    expect(await polled(other)).toBe(await polled(one));
  });

  it('keeps what it accepted through a crash', async () => {
    await start();
    other.signal('SIGKILL');
    expect(await write(500)).toBe(204);
    await collector.kill();
    await other.restart();
    await collector.restart();
    for (const server of [one, other]) await eventually(() => stored(server)).toBe(500);
  });

  it('does not start with a spool that cannot be used, and says why', async () => {
    await start();
    const second = await RunningCollector.start({
      env: { INFLUX_URLS: one.url, INFLUX_BUCKET: 'b', SPOOL_DIR: join(collector.folder, 'targets.yaml', 'spool') },
    });
    expect(await second.ended()).toBe(2);
    expect(second.errors).toMatch(/SPOOL_DIR: .* cannot be used: ENOTDIR/);
    expect(second.errors).not.toMatch(/ at .*\.js:\d+/);
    await second.remove();
  });
});
