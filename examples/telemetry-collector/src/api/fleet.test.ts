import { VirtualClock } from '@breakwater/resilience/testing';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeLink, FakeMembership } from '../fleet/fake-membership.suite.js';
import { Fleet } from '../fleet/fleet.js';
import { exposeFleet } from './fleet.js';

const joining = (id: string) => ({ id, load: () => ({}), onStanding: () => {} });

describe('/fleet', () => {
  let app: FastifyInstance;
  let link: FakeLink;
  let member: FakeMembership;
  let fleet: Fleet;

  beforeEach(async () => {
    app = Fastify();
    link = new FakeLink();
    fleet = new Fleet({
      name: 'edge',
      link,
      membership: ({ id }) => {
        member = new FakeMembership(id);
        return member;
      },
      onError: () => {},
      clock: new VirtualClock(),
    });
  });
  afterEach(() => app.close());

  const ask = async () => {
    const answer = await app.inject('/fleet');
    return { status: answer.statusCode, body: answer.json() };
  };

  it('tells of this replica, Redis, and every member with its load', async () => {
    exposeFleet(app, fleet);
    await fleet.join(joining('a:8080'));
    const leaseEndsAt = Date.UTC(2026, 10, 22, 4);
    const load = { cpu: 0.25, throughput: 120, more: { targets: 34 } };
    member.members = [
      { id: 'a:8080', leaseEndsAt, load },
      { id: '<b>\n', leaseEndsAt: Number.NaN, load: {} },
    ];
    expect(await ask()).toEqual({
      status: 200,
      body: {
        fleet: 'edge',
        id: 'a:8080',
        standing: { kind: 'member', holds: true },
        redis: { address: 'redis:6379', state: 'ready' },
        total: 2,
        members: [
          { id: 'a:8080', leaseEndsAt: '2026-11-22T04:00:00.000Z', load },
          { id: '<b>', leaseEndsAt: null, load: {} },
        ],
        error: null,
        readAt: '2026-01-01T00:00:00.000Z',
      },
    });
  });

  it('tells what it knows while Redis is away', async () => {
    exposeFleet(app, fleet);
    await fleet.join(joining('a'));
    link.state = 'lost';
    member.standing = { kind: 'alone', sinceMs: Date.UTC(2026, 10, 22) };
    member.failure = new Error('Redis at redis:6379 cannot be reached');
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: 'a',
      standing: { kind: 'alone', since: '2026-11-22T00:00:00.000Z' },
      redis: { state: 'lost' },
      total: null,
      members: null,
      error: 'Redis at redis:6379 cannot be reached',
    });
  });

  it('tells what a joining one has kept', async () => {
    exposeFleet(app, fleet);
    await fleet.join(joining('a'));
    member.standing = { kind: 'joining', ids: ['a', 'b'], kept: 'nothing' };
    expect((await ask()).body.standing).toEqual({ kind: 'joining', holds: true, kept: 'nothing' });
    member.standing = { kind: 'joining', ids: ['a', 'b'], kept: { ids: ['a'] } };
    expect((await ask()).body.standing).toEqual({ kind: 'joining', holds: true, kept: 'share' });
  });

  it('names a thousand members, and counts all', async () => {
    exposeFleet(app, fleet);
    await fleet.join(joining('a'));
    member.members = Array.from({ length: 1_500 }, (_, index) => ({ id: `m${index}`, leaseEndsAt: 0, load: {} }));
    const { body } = await ask();
    expect([body.total, body.members.length]).toEqual([1_500, 1_000]);
  });

  it('is not there without a fleet, and says what makes one', async () => {
    exposeFleet(app, undefined);
    expect(await app.inject('/fleet')).toMatchObject({ statusCode: 404 });
  });
});
