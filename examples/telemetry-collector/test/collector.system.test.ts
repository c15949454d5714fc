import { writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunningCollector, type StartOptions } from './running-collector.suite.js';

const file = (...targets: string[]) =>
  ['apiVersion: breakwater/v1', 'kind: Targets', 'targets:', ...targets.map((target) => `  - ${target}`), ''].join(
    '\n',
  );

/** Machines that test may be slow. */
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 60_000, interval: 100 });

describe('the built collector', () => {
  let collector: RunningCollector;
  const start = async (options: StartOptions) => {
    collector = await RunningCollector.start(options);
    return collector;
  };
  afterEach(() => collector?.remove());

  describe('does not start on a guess', () => {
    it('but names each environment variable that cannot be used', async () => {
      await start({ env: { MAX_CONNECTIONS: 'many', BATCH_SIZE: '0', PORT: '80x' } });
      expect(await collector.ended()).toBe(2);
      expect(collector.errors).toMatch(/MAX_CONNECTIONS is "many"; it must be a whole number/);
      expect(collector.errors).toMatch(/BATCH_SIZE is "0"/);
      expect(collector.errors).toMatch(/PORT is "80x"/);
      expect(collector.errors).not.toMatch(/ at .*\.js:\d+/);
    });

    it('but names an option that it does not know', async () => {
      await start({ args: ['--fro', '20s'] });
      expect(await collector.ended()).toBe(2);
      expect(collector.errors).toContain("Unknown option '--fro'");
    });

    it('but names the place of a mistake in the targets file', async () => {
      await start({ targets: file('{ name: web, probe: http, url: "http://127.0.0.1:1", intervall: 5s }') });
      expect(await collector.ended()).toBe(2);
      expect(collector.errors).toMatch(/targets\.yaml:4:\d+: targets\[0\]\.intervall/);
    });

    it('and does not listen beyond this machine without a token', async () => {
      await start({ env: { HOST: '0.0.0.0' } });
      expect(await collector.ended()).toBe(2);
      expect(collector.errors).toContain('set API_TOKEN');
    });

    it('and says so when the port is taken', async () => {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      const { port } = other.address() as AddressInfo;
      await start({ targets: file(), env: { PORT: String(port) } });
      expect(await collector.ended()).toBe(2);
      expect(collector.errors).toContain(`EADDRINUSE: address already in use 127.0.0.1:${port}`);
      other.close();
    });
  });

  it('shows a demo without configuration, and ends with a summary', async () => {
    await start({});
    // What a machine that stands still misses of the story comes again, or later.
    await eventually(() => collector.output).toContain('flaky: circuit opened: failures in a row; tried again in 3 s');
    await eventually(() => collector.output).toContain('dying: circuit opened: failures in a row; tried again in 3 s');
    for (const probe of ['http', 'tcp', 'dns', 'prometheus', 'host']) {
      const points = async () => (await collector.lines()).filter((line) => line.includes(`,probe=${probe},`)).length;
      await eventually(points).toBeGreaterThan(5);
    }
    collector.signal('SIGINT');
    expect(await collector.ended()).toBe(0);
    const { output } = collector;
    expect(output).toContain('A demo: it polls this machine');
    const summary = output.slice(output.indexOf('Summary after'));
    expect(summary).toMatch(/Lines written: http \d+, tcp \d+, dns \d+, prometheus \d+, host \d+; 0 lost\./);
    expect(summary).toMatch(/flaky: its circuit opened (once|\d+ times)/);
    expect(summary).toMatch(/dying: its circuit opened once, never closed again; it is (open|half-open) now\./);
    // Which of them were, the machine decides.
    expect(summary).toMatch(/Never delayed .*: [0-8] of 8 targets\./);
  });

  it('ends with a summary when the time is over that it was given', async () => {
    await start({ args: ['--for', '1s'] });
    expect(await collector.ended()).toBe(0);
    expect(collector.output).toContain('Summary after');
  });

  it('does not go on after a crash: it says what happened, and ends with 1', async () => {
    const crash = "process.once('SIGUSR2', () => { throw new Error('nobody foresaw this') })";
    await start({ env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(crash)}` } });
    await collector.logged('listening');
    collector.signal('SIGUSR2');
    expect(await collector.ended()).toBe(1);
    expect(await collector.logged('crashed')).toMatchObject({ level: 60, err: { message: 'nobody foresaw this' } });
  });

  describe('polling a server that takes half a second', () => {
    let server: Server;
    let answered: number;
    let behaviour: (response: ServerResponse) => void;

    beforeEach(async () => {
      answered = 0;
      behaviour = (response) =>
        setTimeout(() => {
          response.once('finish', () => answered++).end('ok\n');
        }, 500);
      server = createServer((_request, response) => behaviour(response));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    afterEach(() => {
      server.closeAllConnections();
      server.close();
    });

    const targets = (count: number, more = 'interval: 5s, timeout: 5s') => {
      const { port } = server.address() as AddressInfo;
      const all = Array.from({ length: count }, (_, index) => {
        return `{ name: web-${index}, probe: http, url: "http://127.0.0.1:${port}/${index}", ${more} }`;
      });
      return file(...all);
    };
    const turns = async () => (await collector.lines()).filter((line) => line.startsWith('telemetry_turn,'));

    it('finishes what runs when it is told to stop, writes all of it, and exits with 0', async () => {
      // Time enough that none runs out of it while the machine stands still, and so many that there is always one that runs.
      await start({ targets: targets(160, 'interval: 20s, timeout: 20s'), env: { MAX_CONNECTIONS_PER_HOST: '40' } });
      await collector.logged('listening');
      await eventually(() => answered).toBeGreaterThan(60);
      collector.signal('SIGTERM');
      expect(await collector.ended()).toBe(0);
      expect(collector.errors).toContain('drained');
      const written = await turns();
      expect(written.filter((line) => line.includes('outcome="up"'))).toHaveLength(answered);
      expect(written.filter((line) => line.includes('outcome="aborted"'))).toEqual([]);
      // A point of the page and a point of the turn, nothing twice and nothing torn.
      const points = await collector.lines();
      expect(points).toHaveLength(written.length + answered);
      expect(new Set(points).size).toBe(points.length);
    });

    it('gives up in time what does not finish, says what, and exits with 1', async () => {
      behaviour = () => {};
      await start({ targets: targets(4, 'interval: 60s, timeout: 60s'), env: { DRAIN_TIMEOUT: '2' } });
      await eventually(async () => (await collector.ask('/health/ready')).status).toBe(200);
      const asking = collector.ask('/collect', { method: 'POST' }).catch(() => undefined);
      const running = async () => {
        const { targets: all } = (await (await collector.ask('/targets')).json()) as {
          targets: Array<{ running: boolean }>;
        };
        return all.filter((each) => each.running).length;
      };
      await eventually(running).toBe(4);
      collector.signal('SIGTERM');
      // Had it waited for the turns, they would have run into their own timeout.
      expect(await collector.ended()).toBe(1);
      expect(collector.errors).toContain('gave up 4 turns and 0 lines to stop in time');
      expect((await turns()).filter((line) => line.includes('outcome="aborted"'))).toHaveLength(4);
      await asking;
    });

    it('takes over a changed targets file on SIGHUP, and keeps the old one when it is broken', async () => {
      await start({ targets: targets(2) });
      await collector.logged('listening');
      const names = async () => {
        const { targets: all } = (await (await collector.ask('/targets')).json()) as {
          targets: Array<{ name: string }>;
        };
        return all.map(({ name }) => name);
      };
      await eventually(names).toEqual(['web-0', 'web-1']);
      await writeFile(join(collector.folder, 'targets.yaml'), targets(3));
      collector.signal('SIGHUP');
      await eventually(names).toEqual(['web-0', 'web-1', 'web-2']);
      await writeFile(join(collector.folder, 'targets.yaml'), 'nonsense');
      collector.signal('SIGHUP');
      await collector.logged('The targets stay as they were');
      expect(await names()).toEqual(['web-0', 'web-1', 'web-2']);
    });

    it('answers operators: ready, metrics, collect by hand, and a drain that turns readiness red', async () => {
      await start({ targets: targets(3), env: { API_TOKEN: 'a-token-of-some-length' } });
      const headers = { authorization: 'Bearer a-token-of-some-length' };
      await eventually(async () => (await collector.ask('/health/ready')).status).toBe(200);
      expect((await collector.ask('/collect', { method: 'POST' })).status).toBe(401);
      const collected = await collector.ask('/collect', { method: 'POST', headers });
      expect(await collected.json()).toMatchObject({ outcomes: { up: 3 } });
      const metrics = await (await collector.ask('/metrics')).text();
      for (const name of [
        'telemetry_probes_total',
        'circuit_breaker_',
        'connection_pool_',
        'telemetry_event_loop_lag',
      ]) {
        expect(metrics).toContain(name);
      }
      expect(metrics).toMatch(/^telemetry_collection_duration_seconds_count\{probe="http"\} [1-9]/m);
      expect((await collector.ask('/drain', { method: 'POST', headers })).status).toBe(202);
      expect((await collector.ask('/health/ready')).status).toBe(503);
      collector.signal('SIGINT');
      expect(await collector.ended()).toBe(0);
    });
  });
});
