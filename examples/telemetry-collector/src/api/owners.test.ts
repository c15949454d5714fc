import type { Standing } from '@breakwater/fleet';
import { settle } from '@breakwater/resilience/testing';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeLink, FakeMembership } from '../fleet/fake-membership.suite.js';
import { Fleet } from '../fleet/fleet.js';
import { makeCollector } from '../flow/collector-rig.suite.js';
import { answersAfter, probeOf, targetOf } from '../flow/rig.suite.js';
import { Share } from '../share/share.js';
import { Collections } from './collect.js';
import { Owners } from './owners.js';
import { createServer } from './server.js';

interface Listed {
  readonly name: string;
  readonly owner: string | null;
  readonly why: string;
  readonly polledHere: boolean;
  readonly state?: string;
}

describe('the targets of a collector that shares them', () => {
  let rig: ReturnType<typeof makeCollector>;
  let share: Share;
  let app: FastifyInstance;
  const names = Array.from({ length: 30 }, (_, index) => `t-${index}`);

  beforeEach(async () => {
    rig = makeCollector({ createProbe: () => probeOf(answersAfter(rig.clock, 0)) });
    const { collector, clock } = rig;
    const fleet = new Fleet({
      name: 'telemetry',
      link: new FakeLink(),
      membership: ({ id }) => new FakeMembership(id),
      onError: () => {},
      clock,
    });
    share = new Share({ collector, self: fleet, clock });
    const owners = new Owners(collector, share);
    app = createServer({
      collector,
      collections: new Collections(collector, owners),
      owners,
      delivery: undefined,
      fleet,
      share,
      metrics: async () => '',
      metricsType: 'text/plain',
      unready: () => [],
      drain: () => {},
      apiToken: undefined,
      onError: () => {},
    });
    await fleet.join({ id: 'me', load: () => ({}), onStanding: share.onStanding });
    share.apply({ added: names.map((name) => targetOf(name)), changed: [], removed: [] });
  });
  afterEach(() => app.close());

  const stand = async (standing: Standing) => {
    await share.onStanding({ standing, sinceMs: rig.clock.wall() }, new AbortController().signal);
    await settle();
  };
  const headers = { host: 'localhost' };
  const post = async (url: string, payload?: object) => {
    const asking = app.inject({ method: 'POST', url, headers, ...(payload !== undefined && { payload }) });
    for (let turn = 0; turn < 20; turn++) await rig.clock.advance(0);
    const answer = await asking;
    return { status: answer.statusCode, ...answer.json() };
  };
  const listed = async (): Promise<{ total: number; replica: string; targets: Listed[] }> =>
    (await app.inject({ url: '/targets', headers })).json();
  const share2 = async () => {
    await stand({ kind: 'member', ids: ['me', 'other'] });
    const { targets } = await listed();
    return { mine: targets.filter(({ polledHere }) => polledHere), others: targets.filter((each) => !each.polledHere) };
  };

  it('are all listed, with who polls each and why, and how it is where that is known', async () => {
    const { mine, others } = await share2();
    const { total, replica, targets } = await listed();
    expect([total, replica, targets.map(({ name }) => name)]).toEqual([30, 'me', names]);
    expect(mine.length).toBeGreaterThan(5);
    expect(others.length).toBeGreaterThan(5);
    expect(mine[0]).toMatchObject({ owner: 'me', why: 'comes first of 2 members', state: 'waiting' });
    expect(others[0]).toEqual({
      name: others[0]!.name,
      probe: 'tcp',
      owner: 'other',
      why: 'other comes first of 2 members',
      polledHere: false,
    });
  });

  it('are all polled here while Redis is away', async () => {
    await stand({ kind: 'alone', sinceMs: Date.UTC(2026, 10, 22) });
    const { targets } = await listed();
    expect(targets.every(({ owner, polledHere }) => owner === 'me' && polledHere)).toBe(true);
    expect(targets[0]!.why).toBe('Redis cannot be asked, so this replica takes everything, since 2026-11-22T00:00:00Z');
  });

  it('show names of other replicas as text without control characters', async () => {
    await stand({ kind: 'member', ids: ['me', '<b>\u001b[31mred'] });
    const other = (await listed()).targets.find(({ polledHere }) => !polledHere);
    expect([other!.owner, other!.why]).toEqual(['<b> [31mred', '<b> [31mred comes first of 2 members']);
  });

  it('are collected by hand where they are polled, and nowhere else', async () => {
    const { mine, others } = await share2();
    const all = await post('/collect');
    expect(all.targets.map(({ name }: Listed) => name)).toEqual(mine.map(({ name }) => name));
    expect((await post('/collect', { targets: [mine[0]!.name] })).outcomes).toEqual({ up: 1 });
    const { name } = others[0]!;
    const refusal = {
      status: 409,
      error: {
        reason: 'not-owner',
        message: `"${name}" is polled by the replica other (other comes first of 2 members); send this to other`,
      },
    };
    expect(await post('/collect', { targets: [mine[0]!.name, name] })).toEqual(refusal);
    expect(await post(`/breakers/${name}/reset`)).toEqual(refusal);
    expect(await post(`/breakers/${mine[0]!.name}/reset`)).toMatchObject({ status: 200, circuit: 'closed' });
    expect(await post('/collect', { targets: ['t-99'] })).toMatchObject({
      status: 404,
      error: { reason: 'unknown-target' },
    });
  });

  it('are polled by nobody that is known while the lease is over', async () => {
    await stand({ kind: 'unsure' });
    expect((await listed()).targets[0]).toMatchObject({ owner: null, polledHere: false });
    expect((await post('/collect', { targets: ['t-0'] })).error.message).toMatch(
      /^"t-0" is polled by nobody that is known here \(this replica has no lease .*\); try again in a moment$/,
    );
  });
});
