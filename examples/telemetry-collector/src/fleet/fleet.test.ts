import { VirtualClock } from '@breakwater/resilience/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeLink, FakeMembership } from './fake-membership.suite.js';
import { Fleet } from './fleet.js';

const joining = (id: string) => ({ id, load: () => ({}), onStanding: () => {} });

describe('Fleet', () => {
  let clock: VirtualClock;
  let link: FakeLink;
  let member: FakeMembership;
  let errors: string[];
  let fleet: Fleet;

  beforeEach(() => {
    clock = new VirtualClock();
    link = new FakeLink();
    errors = [];
    fleet = new Fleet({
      name: 'telemetry',
      link,
      membership: ({ id }) => {
        member = new FakeMembership(id);
        return member;
      },
      onError: (error, what) => errors.push(`${what}: ${(error as Error).message}`),
      clock,
    });
  });

  it('takes part under an id that is known when it joins', async () => {
    expect([fleet.id, fleet.standing.kind, fleet.ids]).toEqual(['', 'out', ['']]);
    await fleet.join(joining('a:8080'));
    expect([fleet.id, fleet.standing.kind, fleet.ids]).toEqual(['a:8080', 'member', ['a:8080']]);
  });

  it('leaves once, whoever asks', async () => {
    await fleet.join(joining('a'));
    await Promise.all([fleet.leave(), fleet.leave()]);
    expect(member.asked).toEqual(['join', 'leave']);
  });

  it('leaves without having joined', async () => {
    await fleet.leave();
    expect(fleet.standing).toEqual({ kind: 'out' });
  });

  it('fails nobody when the membership does', async () => {
    const attempt = fleet.join(joining('a'));
    member.failure = new Error('a bug');
    await attempt;
    await fleet.leave();
    link.close = () => Promise.reject(new Error('no socket'));
    await fleet.close();
    expect(errors).toEqual(['leaving the fleet: a bug', 'closing the connection to Redis: no socket']);
  });

  it('waits no longer than a few seconds to have left', async () => {
    await fleet.join(joining('a'));
    member.leave = () => new Promise(() => {});
    let left = false;
    void fleet.leave().then(() => {
      left = true;
    });
    await clock.advance(4_999);
    expect(left).toBe(false);
    await clock.advance(1);
    expect(left).toBe(true);
    expect(errors).toEqual(['leaving the fleet: it took more than 5000 ms']);
  });

  it('leaves no timer behind', async () => {
    await fleet.join(joining('a'));
    await fleet.leave();
    expect(clock.timers).toBe(0);
  });

  it('reads the members once a second at most, however many ask', async () => {
    await fleet.join(joining('a'));
    member.members = [{ id: 'a', leaseEndsAt: 5, load: { cpu: 0.5 } }];
    const [one, other] = await Promise.all([fleet.roll(), fleet.roll()]);
    expect(one).toEqual({ atMs: clock.wall(), members: member.members });
    expect(other).toBe(one);
    await clock.advance(999);
    expect(await fleet.roll()).toBe(one);
    expect(member.reads).toBe(1);
    await clock.advance(1);
    member.members = [];
    expect(await fleet.roll()).toEqual({ atMs: clock.wall(), members: [] });
    expect(member.reads).toBe(2);
  });

  it('says in words why the members are not known, and asks no more often then', async () => {
    await fleet.join(joining('a'));
    member.failure = new Error('Redis cannot be reached\n\u001b[31m');
    expect(await fleet.roll()).toEqual({ atMs: clock.wall(), failure: 'Redis cannot be reached [31m' });
    await fleet.roll();
    expect(member.reads).toBe(1);
  });

  it('closes the connection', async () => {
    await fleet.close();
    expect(fleet.redis).toEqual({ address: 'redis:6379', state: 'closed' });
  });
});
