import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock as clock } from '@breakwater/resilience';
import { type RunningServer, startServer } from '@breakwater/testbed';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compose, TARGETS_BREAKER } from './compose.js';
import { openFleet } from './fleet/open.js';
import { CircuitWatch } from './flow/circuit-watch.js';
import { MemorySink } from './flow/collector-rig.suite.js';
import { Service } from './service.js';
import { parseTargets } from './targets/parse.js';

const LEASE_MS = 5_000;
const TARGETS = 60;
const WAIT = { timeout: 30_000, interval: 50 };

interface Listing {
  readonly replica: string;
  readonly total: number;
  readonly targets: ReadonlyArray<{ name: string; owner: string | null; why: string; polledHere: boolean }>;
}

/** A collector's service, with a fleet and without a process of its own. */
class Replica {
  readonly sink = new MemorySink();
  readonly service: Service;
  readonly errors: unknown[] = [];

  constructor(redisUrl: string) {
    const onError = (error: unknown) => this.errors.push(error);
    const config = { dns: {}, name: 'test', replicaId: undefined, leaseMs: LEASE_MS, sharedBreaker: false };
    const { fleet, link } = openFleet({ redis: { url: redisUrl, timeoutMs: 500 }, ...config }, { clock, onError });
    const { sink } = this;
    this.service = new Service({
      composition: compose({
        env: {},
        sink,
        onLoss: (_reason, _lines, error) => onError(error),
        holds: () => fleet.holds,
        limits: { link, fleet: 'test', members: fleet },
      }),
      sink,
      delivery: undefined,
      fleet,
      measured: [],
      watch: new CircuitWatch(TARGETS_BREAKER, () => {}),
      apiToken: undefined,
      drainTimeoutMs: 2_000,
      onError,
    });
  }

  async ask(url: string): Promise<string> {
    return (await this.service.app.inject({ url, headers: { host: 'localhost' } })).body;
  }

  async targets(): Promise<Listing> {
    return JSON.parse(await this.ask('/targets')) as Listing;
  }

  /** The names of the targets that it polls, by its own words. */
  async polls(): Promise<string[]> {
    return (await this.targets()).targets.filter(({ polledHere }) => polledHere).map(({ name }) => name);
  }

  /** The names of the targets of which it wrote turns that fell due after that time, sorted. */
  polled(sinceMs: number): string[] {
    const turns = this.sink.lines.filter((line) => Number(line.slice(line.lastIndexOf(' ')).slice(0, -6)) > sinceMs);
    return [...new Set(turns.map((line) => /target=([^, ]+)/.exec(line)![1]!))].sort();
  }

  /** The ids of the members, as soon as Redis tells of them in time: it may be slow for a moment, and the answer null. */
  async members(): Promise<string[]> {
    for (;;) {
      const { members } = JSON.parse(await this.ask('/fleet')) as { members: Array<{ id: string }> | null };
      if (members !== null) return members.map(({ id }) => id).sort();
      await pause(WAIT.interval);
    }
  }

  async metric(line: string): Promise<boolean> {
    return (await this.ask('/metrics')).split('\n').includes(line);
  }

  async end(): Promise<void> {
    await this.service.drain();
    await this.service.close();
    expect(this.errors).toEqual([]);
  }
}

describe('three collectors and a Redis', () => {
  let redis: RunningServer & { url: string };
  let backend: Server;
  let replicas: Replica[];

  const start = async (id: string): Promise<Replica> => {
    const { port } = backend.address() as AddressInfo;
    const targets = Array.from(
      { length: TARGETS },
      (_, index) => `  - { name: t-${index}, probe: tcp, host: 127.0.0.1, port: ${port}, interval: 1s }`,
    );
    const text = `apiVersion: breakwater/v1\nkind: Targets\ntargets:\n${targets.join('\n')}\n`;
    const added = [...(await parseTargets(text, { file: 'targets.yaml', env: {} })).values()];
    const replica = new Replica(redis.url);
    replicas.push(replica);
    replica.service.apply({ added, changed: [], removed: [] });
    replica.service.start(id);
    return replica;
  };
  /** Each says the same of all targets, and polls those that are its own: some. */
  const shared = async (...those: Replica[]): Promise<boolean> => {
    const listings = await Promise.all(those.map((each) => each.targets()));
    const owners = listings.map(({ targets }) => targets.map(({ owner }) => owner));
    const isOwn = listings.every(({ replica, targets }) =>
      targets.every(({ owner, polledHere }) => polledHere === (owner === replica)),
    );
    const isAll = new Set(owners[0]).size === those.length && !owners[0]!.includes(null);
    return isOwn && isAll && new Set(owners.map((each) => each.join())).size === 1;
  };

  beforeEach(async () => {
    replicas = [];
    redis = await startServer('redis');
    backend = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await once(backend, 'listening');
  });
  afterEach(async () => {
    redis.signal('SIGCONT');
    await Promise.all(replicas.map((replica) => replica.end()));
    backend.close();
    await redis.stop();
  });

  it('share the targets, take over from one that drains, and all poll everything without Redis', async () => {
    const [a, b, c] = [await start('a'), await start('b'), await start('c')];
    await expect.poll(() => shared(a, b, c), WAIT).toBe(true);
    const before = (await a.targets()).targets;
    for (const replica of [a, b, c]) {
      const { replica: id, total } = await replica.targets();
      expect(total).toBe(TARGETS);
      const polls = await replica.polls();
      expect(polls.length).toBeGreaterThan(TARGETS / 6);
      expect(polls.length).toBeLessThan(TARGETS / 2);
      expect(before.filter(({ owner }) => owner === id).map(({ name }) => name)).toEqual(polls);
      // What it says is what it does.
      const nowMs = Date.now();
      await expect.poll(() => replica.polled(nowMs), WAIT).toEqual([...polls].sort());
    }
    expect(await a.metric('fleet_standing{standing="member"} 1')).toBe(true);
    expect(await a.members()).toEqual(['a', 'b', 'c']);

    // One drains: the others have its targets at once, and keep their own.
    await c.service.drain();
    expect(await b.members()).toEqual(['a', 'b']);
    await expect.poll(() => shared(a, b), WAIT).toBe(true);
    const after = (await a.targets()).targets;
    for (const [index, { owner }] of before.entries()) if (owner !== 'c') expect(after[index]!.owner).toBe(owner);
    expect((await c.targets()).targets[0]).toMatchObject({ owner: null, polledHere: false });

    // Redis stands still: each polls everything, and says so.
    redis.signal('SIGSTOP');
    for (const replica of [a, b]) {
      await expect.poll(async () => (await replica.polls()).length, WAIT).toBe(TARGETS);
      await expect.poll(() => replica.metric('fleet_standing{standing="alone"} 1'), WAIT).toBe(true);
      expect(JSON.parse(await replica.ask('/health/ready'))).toEqual({ status: 'ready' });
      expect(JSON.parse(await replica.ask('/fleet'))).toMatchObject({ standing: { kind: 'alone' }, members: null });
      const nowMs = Date.now();
      await expect.poll(() => replica.polled(nowMs).length, WAIT).toBe(TARGETS);
    }
    redis.signal('SIGCONT');
    await expect.poll(() => shared(a, b), WAIT).toBe(true);
    expect((await a.targets()).targets.map(({ owner }) => owner)).toEqual(after.map(({ owner }) => owner));
  });
});
