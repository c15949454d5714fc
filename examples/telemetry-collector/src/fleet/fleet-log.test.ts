import { channel } from 'node:diagnostics_channel';
import { FLEET_CHANNEL, FleetError, type FleetEvent, type Standing } from '@breakwater/fleet';
import { VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { News } from '../event-log.js';
import { FleetLog } from './fleet-log.js';

const say = (event: FleetEvent): void => channel(FLEET_CHANNEL).publish(event);
const stand = (standing: Standing, before: Standing = { kind: 'out' }): void =>
  say({ type: 'member.standing', id: 'a', standing, before });
const member = (...others: string[]): Standing => ({ kind: 'member', ids: ['a', ...others] });
const ALONE: Standing = { kind: 'alone', sinceMs: 0 };

describe('the log of the fleet', () => {
  let clock: VirtualClock;
  let log: FleetLog;
  let news: News[];
  const messages = () => news.map(({ message }) => message);

  beforeEach(() => {
    clock = new VirtualClock();
    news = [];
    log = new FleetLog(clock, (one) => news.push(one));
  });
  afterEach(() => log[Symbol.dispose]());

  it('says how this replica stands, when that changes', async () => {
    for (const standing of [
      { kind: 'joining', ids: ['a', 'b'], kept: 'nothing' } as const,
      member('b', 'c'),
      ALONE,
      { kind: 'unsure' } as const,
      member(),
      { kind: 'out' } as const,
    ]) {
      stand(standing);
      await clock.advance(1_000);
    }
    expect(news.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'shares the targets with 2 other replicas'],
      ['warn', 'polls every target, since Redis cannot say which are its own'],
      ['warn', 'has no lease (it stood still, or lost its name): polls nothing until Redis has answered, or not'],
      ['info', 'is the only member of the fleet'],
      ['info', 'left the fleet'],
    ]);
    expect(news[1]!.fields).toEqual({ event: 'member.standing', id: 'a', standing: 'alone' });
  });

  it('tells more and more seldom who else is there, and still at once that nobody can say', async () => {
    for (let joiner = 1; joiner <= 100; joiner++) {
      stand(member(...Array.from({ length: joiner }, (_, index) => `m${index}`)));
      await clock.advance(250);
    }
    expect(news.length).toBeLessThan(8);
    stand(ALONE);
    await clock.advance(1_000);
    expect(messages().at(-1)).toBe('polls every target, since Redis cannot say which are its own');
    expect(news.at(-1)!.fields).toMatchObject({ standing: 'alone' });
  });

  it('says once that Redis is away, and that it is back', async () => {
    const error = new Error('no connection to redis:6379 after 2000 ms');
    for (const connection of ['calls', 'messages'] as const)
      say({ type: 'redis.lost', address: 'redis:6379', connection, reason: 'unreachable', error });
    await clock.advance(60_000);
    for (const connection of ['messages', 'calls'] as const)
      say({ type: 'redis.ready', address: 'redis:6379', connection });
    await clock.advance(60_000);
    expect(messages()).toEqual([
      'Redis at redis:6379 is away: no connection to redis:6379 after 2000 ms',
      'Redis at redis:6379 answers',
    ]);
  });

  it('says that Redis is there and refuses, also when it was away at first', async () => {
    const lost = { type: 'redis.lost', address: 'redis:6379', connection: 'calls' } as const;
    say({ ...lost, reason: 'unreachable', error: new Error('the server closed the connection') });
    say({ ...lost, reason: 'refused', error: new Error('WRONGPASS invalid username-password pair') });
    await clock.advance(1_000);
    expect(news.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'Redis at redis:6379 is away: the server closed the connection'],
      ['error', 'Redis at redis:6379 refuses this collector: WRONGPASS invalid username-password pair'],
    ]);
  });

  it('names who came and who went', async () => {
    stand(member('b', 'c', '\u001b[2Jd'), member('b'));
    await clock.advance(1_000);
    stand(member('b'), member('b', 'c', 'd', 'e', 'f', 'g'));
    await clock.advance(1_000);
    // Together, where they follow each other closely: from the first to the last.
    stand(member('b', 'c'), member('b'));
    stand(member('b', 'c', 'd'), member('b', 'c'));
    stand(member('c', 'd'), member('b', 'c', 'd'));
    await clock.advance(10_000);
    stand(member('b'), { kind: 'joining', ids: ['a'], kept: 'nothing' });
    await clock.advance(10_000);
    expect(messages()).toEqual([
      'shares the targets with 3 other replicas; new: c, [2Jd',
      'shares the targets with 1 other replica; gone: c, d, e and 2 more',
      'shares the targets with 2 other replicas; new: c',
      'shares the targets with 2 other replicas; new: d; gone: b',
      'shares the targets with 1 other replica',
    ]);
  });

  it('shows no stack where Redis is the matter', () => {
    say({
      type: 'trouble',
      what: 'leaving the fleet',
      error: new FleetError('unreachable', 'Redis cannot be reached'),
    });
    const error = Object.assign(new Error('NOPERM no permissions'), { name: 'ReplyError' });
    say({ type: 'trouble', what: 'messages', error });
    expect(news.map(({ message, fields }) => [message, fields])).toEqual([
      ['leaving the fleet: Redis cannot be reached', { event: 'trouble' }],
      ['messages: NOPERM no permissions', { event: 'trouble' }],
    ]);
  });

  it('says what to do where two replicas have one name, and shows no control characters of theirs', () => {
    say({ type: 'member.superseded', id: 'twin\u001b[2J', now: 'twin~k3x9' });
    expect(messages()).toEqual([
      'another replica is called twin [2J too; this one goes on as twin~k3x9: give each a REPLICA_ID of its own',
    ]);
  });

  it('has a word on Redis that forgot, on circuits that were shared, and on what failed', async () => {
    say({ type: 'fleet.emptied', id: 'a' });
    const hint = { policy: 'targets', attempts: 2, retryAfterMs: 60_000 };
    for (let target = 0; target < 50; target++)
      say({ type: 'breaker.hinted', ...hint, key: `web-${target}`, to: 'open' });
    say({ type: 'breaker.alone', policy: 'targets', error: new Error('no Redis') });
    say({ type: 'trouble', what: 'reading a load', error: new Error('no JSON') });
    expect(messages()).toEqual([
      'Redis has forgotten the fleet: it was emptied, or has an earlier state again',
      'web-0: circuit opened on what other replicas saw',
      'circuits are not shared: no Redis',
      'reading a load: no JSON',
    ]);
    await clock.advance(1_000);
    expect(news.at(-1)).toMatchObject({ fields: { target: 'web-49', events: 49 } });
  });

  it('says what each limit stands on, and why', async () => {
    const limit = (limiter: string, mode: 'closed' | 'fleet' | 'lost' | 'share' | 'ended', permits = 0, why?: string) =>
      say({ type: 'limiter.mode', limiter, mode, permits, replicas: 3, ...(why !== undefined && { why }) });
    for (const name of ['limit-core', 'limit-edge']) limit(name, 'closed', 0, 'it is new to Redis');
    await clock.advance(5_000);
    limit('limit-core', 'fleet', 20);
    await clock.advance(5_000);
    limit('limit-core', 'lost', 0, 'Redis is lost');
    await clock.advance(20_000);
    limit('limit-core', 'share', 6, 'Redis is lost');
    await clock.advance(5_000);
    limit('limit-core', 'ended');
    expect(news.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'limit-core lets no turn of its targets begin: it is new to Redis'],
      ['warn', 'limit-edge lets no turn of its targets begin: it is new to Redis'],
      ['info', 'limit-core is open: 20 at once in 3 replicas'],
      ['warn', 'limit-core lets no turn of its targets begin: Redis is lost'],
      ['warn', 'limit-core lets this replica alone poll 6 at once: Redis is lost'],
    ]);
    expect(news[2]!.fields).toEqual({ event: 'limiter.mode', limit: 'limit-core', mode: 'fleet' });
  });

  it('leaves to others what is theirs to tell', () => {
    say({ type: 'leader.elected', lease: 'autoscaler', holder: 'a', token: 1 });
    say({ type: 'breaker.probing', policy: 'targets', key: 'web' });
    expect(news).toEqual([]);
  });
});
