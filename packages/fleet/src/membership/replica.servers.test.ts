import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer } from '@breakwater/testbed';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FLEET_CHANNEL, type FleetEvent } from '../events.js';
import { FleetError } from '../fleet-error.js';
import { redisLink } from '../redis/link.js';
import type { RedisLink } from '../redis/redis-link.js';
import type { Membership } from './membership.js';
import { redisMembershipStore } from './redis-membership-store.js';
import { membership } from './replica.js';
import type { Standing } from './standing.js';

/** How soon what happens is known in virtual time; here it happens, whatever the machine does beside. */
const LEASE_MS = 1_500;
/** Of tests in which nobody's lease may run out, or must not be what they wait for. */
const LONG_LEASE_MS = 90_000;

type Redis = Awaited<ReturnType<typeof startServer<'redis'>>>;

/** A replica as a process of its own would have it, on a connection of its own. */
class Node {
  readonly link: RedisLink;
  readonly member: Membership;
  readonly standings: Standing[] = [];

  constructor(server: Redis, id: string, leaseMs: number) {
    this.link = redisLink({ url: server.url });
    this.member = membership({
      store: redisMembershipStore({ link: this.link }),
      id,
      leaseMs,
      onStanding: ({ standing }) => void this.standings.push(standing),
    });
  }

  get seen(): string {
    const { standing } = this.member;
    return 'ids' in standing ? `${standing.kind} ${standing.ids.join()}` : standing.kind;
  }

  /** As `kill -9` ends it: nothing is said, nothing beats. */
  async die(): Promise<void> {
    await this.link.close();
  }
}

describe('membership over Redis', () => {
  let server: Redis;
  let nodes: Node[] = [];

  const start = async (ids: string[], leaseMs = LEASE_MS): Promise<Node[]> => {
    const started = ids.map((id) => new Node(server, id, leaseMs));
    nodes.push(...started);
    await Promise.all(started.map(({ member }) => member.join()));
    return started;
  };
  const all = (seen: string, of = nodes) =>
    expect.poll(() => of.map((node) => node.seen), { interval: 20 }).toEqual(of.map(() => seen));

  beforeEach(async () => {
    server = await startServer('redis');
  });

  afterEach(async () => {
    await Promise.all(nodes.map(({ member }) => member.leave()));
    await Promise.all(nodes.map(({ link }) => link.close()));
    nodes = [];
    await server.stop();
  });

  it('lets three share, and go on without one that died when its lease is over', async () => {
    const [a, b, c] = await start(['a', 'b', 'c']);
    await all('member a,b,c');
    await b!.die();
    const { leaseEndsAt } = (await a!.member.read()).find(({ id }) => id === 'b')!;
    await all('member a,c', [a!, c!]);
    expect(Date.now()).toBeGreaterThanOrEqual(leaseEndsAt);
  });

  it('lets others take over at once from who leaves', async () => {
    // A lease, and even a beat, takes longer than this waits.
    const [a, b] = await start(['a', 'b'], LONG_LEASE_MS);
    await all('member a,b');
    await b!.member.leave();
    await expect.poll(() => a!.seen, { timeout: LONG_LEASE_MS / 4 }).toBe('member a');
    expect(b!.member).toMatchObject({ standing: { kind: 'out' }, holds: false });
  });

  it('goes alone when Redis hangs for longer than a lease, and shares again soon after', async () => {
    await start(['a', 'b'], 4 * LEASE_MS);
    await all('member a,b');
    server.signal('SIGSTOP');
    await sleep(LEASE_MS / 3);
    expect(nodes.map(({ member }) => member.holds)).toEqual([true, true]);
    await all('alone');
    await sleep(LEASE_MS);
    expect(nodes.map(({ member }) => member.holds)).toEqual([true, true]);
    server.signal('SIGCONT');
    await all('member a,b');
  });

  it('goes on from memory when Redis comes back empty: nobody loses or gains anything', async () => {
    await start(['a', 'b', 'c'], 4 * LEASE_MS);
    await all('member a,b,c');
    for (const { standings } of nodes) standings.length = 0;
    await call(`redis.call('FLUSHALL')`);
    await sleep(4 * LEASE_MS);
    await all('member a,b,c');
    for (const { standings } of nodes) {
      for (const standing of standings) expect(standing).toMatchObject({ ids: ['a', 'b', 'c'] });
      expect(standings.at(-1)).toMatchObject({ kind: 'member' });
    }
  });

  it('shares again after a restart with the data of before', async () => {
    await server.stop();
    server = await startServer('redis', { durable: true });
    await start(['a', 'b']);
    await all('member a,b');
    server.signal('SIGKILL');
    await all('alone');
    await server.restart();
    await all('member a,b');
  });

  it('starts alone without Redis, and shares once it is there', async () => {
    server.signal('SIGKILL');
    await start(['a']);
    await all('alone');
    await server.restart();
    await all('member a');
  });

  it('goes on under another name when a second process has its own, and tells', async () => {
    const heard: FleetEvent[] = [];
    const listen = (event: unknown) => heard.push(event as FleetEvent);
    subscribe(FLEET_CHANNEL, listen);
    const [old] = await start(['a']);
    await all('member a');
    const [young] = await start(['a']);
    await expect.poll(() => old!.member.id).not.toBe('a');
    await all(`member a,${old!.member.id}`);
    unsubscribe(FLEET_CHANNEL, listen);
    expect(young!.member.id).toBe('a');
    expect(old!.member.id).toMatch(/^a~[0-9a-z]{4}$/);
    expect(heard).toContainEqual({ type: 'member.superseded', id: 'a', now: old!.member.id });
  });

  it('refuses in words what is none of its own, and goes alone', async () => {
    await call(`redis.call('SET', KEYS[1], 'mine')`, 'breakwater:{telemetry}:sharers');
    const [a] = await start(['a']);
    expect(a!.member.standing.kind).toBe('alone');
    await call(`redis.call('DEL', KEYS[1])`, 'breakwater:{telemetry}:sharers');
    await all('member a');
    for (const record of [
      'not a member',
      'two words',
      'a%b 9000000000000000 x 1 0 0 ',
      'a 9e99 x 1 0 0 ',
      'a\\n1 1 x 1 0 0',
    ]) {
      await call(`redis.call('HSET', KEYS[1], 'x', '${record}')`, 'breakwater:{telemetry}:records');
      await expect(a!.member.read(), record).rejects.toThrow(/breakwater:\{telemetry\}:records holds .*; delete it/);
      await expect(a!.member.read()).rejects.toBeInstanceOf(FleetError);
    }
    await call(`redis.call('HSET', KEYS[1], 'x', 'x 1 x 1 0 0 ')`, 'breakwater:{telemetry}:records');
    expect(await a!.member.read()).toHaveLength(1);
  });

  it('reads every member but the load that is damaged', async () => {
    const [a, b] = await start(['a', 'b'], LONG_LEASE_MS);
    await all('member a,b');
    // Its next beat would mend it.
    await b!.die();
    const damage = `redis.call('HSET', KEYS[1], 'b', redis.call('HGET', KEYS[1], 'b') .. '1,x')`;
    await call(damage, 'breakwater:{telemetry}:records');
    const members = await a!.member.read();
    expect(members.map(({ id, load }) => [id, load]).sort()).toEqual([
      ['a', {}],
      ['b', {}],
    ]);
    const damaged: unknown[] = [];
    a!.member.measure(({ name }, _, value) => name === 'fleet_damaged_loads_total' && damaged.push(value));
    expect(damaged).toEqual([1]);
  });

  it('minds no state of a fleet that is none', async () => {
    await call(`redis.call('HSET', KEYS[1], 'version', 'many')`, 'breakwater:{telemetry}:state');
    const link = redisLink({ url: server.url });
    const beat = redisMembershipStore({ link }).beat({
      id: 'a',
      incarnation: '1',
      sequence: 1,
      leaseMs: 1_000,
      shares: true,
      applied: 0,
      stoppedAtMs: 0,
      epoch: '',
      known: 0,
      leaseEndMs: 0,
    });
    await expect(beat).rejects.toThrow('breakwater:{telemetry}:state holds what is no state of a fleet: delete it');
    await link.close();
  });

  async function call(text: string, ...keys: string[]): Promise<void> {
    const link = redisLink({ url: server.url });
    const sha1 = 'f'.repeat(40);
    await expect.poll(() => link.state).toBe('ready');
    await link.run({ name: 'test', text, sha1 }, keys, []);
    await link.close();
  }
});
