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

const LEASE_MS = 1_500;
const BEAT_MS = LEASE_MS / 3;
/** For what a test machine adds. */
const SLACK_MS = 1_000;

type Redis = Awaited<ReturnType<typeof startServer<'redis'>>>;

/** A replica as a process of its own would have it, on a connection of its own. */
class Node {
  readonly link: RedisLink;
  readonly member: Membership;
  readonly standings: Standing[] = [];

  constructor(server: Redis, id: string) {
    this.link = redisLink({ url: server.url, timeoutMs: 300 });
    this.member = membership({
      store: redisMembershipStore({ link: this.link }),
      id,
      leaseMs: LEASE_MS,
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

  const start = async (...ids: string[]): Promise<Node[]> => {
    const started = ids.map((id) => new Node(server, id));
    nodes.push(...started);
    await Promise.all(started.map(({ member }) => member.join()));
    return started;
  };
  const all = (seen: string, of = nodes) =>
    expect
      .poll(() => of.map((node) => node.seen), { timeout: LEASE_MS + BEAT_MS + SLACK_MS, interval: 20 })
      .toEqual(of.map(() => seen));

  beforeEach(async () => {
    server = await startServer('redis', { durable: true });
  });

  afterEach(async () => {
    await Promise.all(nodes.map(({ member }) => member.leave()));
    await Promise.all(nodes.map(({ link }) => link.close()));
    nodes = [];
    await server.stop();
  });

  it('lets three share, and go on without one that died within one lease', async () => {
    const [a, b, c] = await start('a', 'b', 'c');
    await all('member a,b,c');
    await b!.die();
    const died = Date.now();
    await all('member a,c', [a!, c!]);
    expect(Date.now() - died).toBeLessThan(LEASE_MS + SLACK_MS);
  });

  it('lets others take over at once from who leaves', async () => {
    const [a, b] = await start('a', 'b');
    await all('member a,b');
    await b!.member.leave();
    const left = Date.now();
    await all('member a', [a!]);
    expect(Date.now() - left).toBeLessThan(BEAT_MS);
    expect(b!.member).toMatchObject({ standing: { kind: 'out' }, holds: false });
  });

  it('goes alone when Redis hangs for longer than a lease, and shares again soon after', async () => {
    await start('a', 'b');
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
    await start('a', 'b', 'c');
    await all('member a,b,c');
    for (const { standings } of nodes) standings.length = 0;
    const key = 'breakwater:{telemetry}';
    for (const part of ['members', 'sharers', 'applied', 'records', 'left', 'state']) await forget(`${key}:${part}`);
    await sleep(LEASE_MS);
    await all('member a,b,c');
    for (const { standings } of nodes) {
      for (const standing of standings) expect(standing).toMatchObject({ ids: ['a', 'b', 'c'] });
      expect(standings.at(-1)).toMatchObject({ kind: 'member' });
    }
  });

  it('shares again after a restart with the data of before', async () => {
    await start('a', 'b');
    await all('member a,b');
    server.signal('SIGKILL');
    await all('alone');
    await server.restart();
    await all('member a,b');
  });

  it('starts alone without Redis, and shares once it is there', async () => {
    server.signal('SIGKILL');
    await start('a');
    await all('alone');
    await server.restart();
    await all('member a');
  });

  it('goes on under another name when a second process has its own, and tells', async () => {
    const heard: FleetEvent[] = [];
    const listen = (event: unknown) => heard.push(event as FleetEvent);
    subscribe(FLEET_CHANNEL, listen);
    const [old] = await start('a');
    await all('member a');
    const [young] = await start('a');
    await expect.poll(() => old!.member.id, { timeout: LEASE_MS }).not.toBe('a');
    await all(`member a,${old!.member.id}`);
    unsubscribe(FLEET_CHANNEL, listen);
    expect(young!.member.id).toBe('a');
    expect(old!.member.id).toMatch(/^a~[0-9a-z]{4}$/);
    expect(heard).toContainEqual({ type: 'member.superseded', id: 'a', now: old!.member.id });
  });

  it('refuses in words what is none of its own, and goes alone', async () => {
    await call(`redis.call('SET', KEYS[1], 'mine')`, 'breakwater:{telemetry}:sharers');
    const [a] = await start('a');
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
    const [a] = await start('a', 'b');
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

  const forget = (key: string) => call(`redis.call('DEL', KEYS[1])`, key);

  async function call(text: string, key: string): Promise<void> {
    const link = redisLink({ url: server.url });
    const sha1 = 'f'.repeat(40);
    await expect.poll(() => link.state).toBe('ready');
    await link.run({ name: 'test', text, sha1 }, [key], []);
    await link.close();
  }
});
