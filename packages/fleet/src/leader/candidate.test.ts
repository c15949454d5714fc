import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ConfigError } from '@breakwater/resilience';
import { seededRandom, settle, VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FLEET_CHANNEL, type FleetEvent } from '../events.js';
import { FleetError } from '../fleet-error.js';
import { leaderLease } from './candidate.js';
import type { LeaderLeaseOptions } from './leader-lease.js';
import type { LeaseStore } from './lease-store.js';
import { memoryLeaseStore } from './memory-lease-store.js';
import type { TermEnd } from './metrics.js';
import type { Term } from './term.js';

const LEASE_MS = 15_000;

/** A store whose answers a test can lose, delay or replace. */
class BreakableStore implements LeaseStore {
  inner: LeaseStore;
  calls = 0;
  fault: 'none' | 'unreachable' | 'answer-lost' = 'none';
  /** What answers wait for. */
  gate: Promise<void> = Promise.resolve();

  constructor(inner: LeaseStore) {
    this.inner = inner;
  }

  claim(claim: Parameters<LeaseStore['claim']>[0]) {
    return this.#call(() => this.inner.claim(claim));
  }

  resign(lease: Parameters<LeaseStore['resign']>[0]) {
    return this.#call(() => this.inner.resign(lease));
  }

  watch(name: string, onFree: () => void): Disposable {
    return this.inner.watch(name, onFree);
  }

  async #call<T>(run: () => Promise<T>): Promise<T> {
    this.calls++;
    if (this.fault === 'unreachable') throw new FleetError('unreachable', 'Redis is gone');
    const value = await run();
    await this.gate;
    if (this.fault === 'answer-lost') throw new FleetError('timeout', 'no answer');
    return value;
  }
}

function rigOf() {
  const clock = new VirtualClock();
  const shared = memoryLeaseStore(clock);
  const random = seededRandom(1);
  const candidate = (id: string, options: Partial<LeaderLeaseOptions> = {}) => {
    const store = new BreakableStore(shared);
    const told: string[] = [];
    const lease = leaderLease({
      store,
      name: 'scaler',
      id,
      clock,
      random,
      onElected: () => told.push('elected'),
      onLost: (_term: Term, reason: TermEnd) => told.push(reason),
      ...options,
    });
    return { store, told, lease };
  };
  return { clock, candidate };
}

function values(measured: ReturnType<typeof leaderLease>): Record<string, number> {
  const all: Record<string, number> = {};
  measured.measure(({ name }, { lease: _lease, ...labels }, value) => {
    all[[name, ...Object.values(labels)].join(' ')] = value as number;
  });
  return all;
}

describe('leaderLease', () => {
  const events: FleetEvent[] = [];
  const keep = (event: unknown) => void events.push(event as FleetEvent);
  beforeEach(() => {
    events.length = 0;
    subscribe(FLEET_CHANNEL, keep);
  });
  afterEach(() => {
    unsubscribe(FLEET_CHANNEL, keep);
  });

  it('leads after the first attempt when nobody does, and for as long as it lives', async () => {
    const { clock, candidate } = rigOf();
    const { lease, told } = candidate('a');
    expect(lease.term).toBeUndefined();
    await lease.start();
    const term = lease.term!;
    expect(term).toMatchObject({ name: 'scaler', holds: true });
    expect(term.holder).toMatch(/^a#[0-9a-f]{16}$/);
    await clock.advance(20 * LEASE_MS);
    expect(lease.term).toBe(term);
    expect(term.signal.aborted).toBe(false);
    expect(told).toEqual(['elected']);
    expect(lease.leader).toEqual({ holder: term.holder, token: term.token });
  });

  it('has a second candidate follow, and succeed right after the lease of a dead leader', async () => {
    const { clock, candidate } = rigOf();
    const a = candidate('a');
    const b = candidate('b');
    await a.lease.start();
    await b.lease.start();
    const { token, holder } = a.lease.term!;
    await clock.advance(LEASE_MS);
    expect(b.lease.term).toBeUndefined();
    expect(b.lease.leader).toEqual({ holder, token });
    // At the instant of its last renewal it dies: nothing of it is answered any more.
    a.store.fault = 'unreachable';
    await clock.advance(LEASE_MS + 10);
    expect(b.lease.term?.token).toBeGreaterThan(token);
    expect(a.told).toEqual(['elected', 'expired']);
  });

  it('resigns when it is stopped, and a successor comes at once', async () => {
    const { clock, candidate } = rigOf();
    const a = candidate('a');
    const b = candidate('b');
    await a.lease.start();
    await b.lease.start();
    const term = a.lease.term!;
    await a.lease.stop();
    expect(term.signal.aborted).toBe(true);
    expect(term.signal.reason).toMatchObject({
      name: 'StaleTermError',
      message: expect.stringContaining('it was resigned'),
    });
    expect(a.lease.term).toBeUndefined();
    await clock.advance(LEASE_MS / 100);
    expect(b.lease.term?.token).toBeGreaterThan(term.token);
    await b.lease.stop();
    expect(clock.timers).toBe(0);
    await expect(a.lease.start()).rejects.toThrow('it was stopped; make a new one');
  });

  it('gives back what a claim under way brings after it was stopped', async () => {
    const { clock, candidate } = rigOf();
    const a = candidate('a');
    let open = () => {};
    a.store.gate = new Promise((resolve) => {
      open = resolve;
    });
    const starting = a.lease.start();
    await settle();
    expect(a.store.calls).toBe(1);
    const stopping = a.lease.stop();
    open();
    await Promise.all([starting, stopping]);
    expect(a.told).toEqual([]);
    const b = candidate('b');
    await b.lease.start();
    expect(b.lease.term).toBeDefined();
    await b.lease.stop();
    expect(clock.timers).toBe(0);
  });

  it('does not hold after a pause past its lease, before any timer has run', async () => {
    const { clock, candidate } = rigOf();
    const { lease, told } = candidate('a');
    await lease.start();
    const term = lease.term!;
    clock.stall(LEASE_MS * 0.99 - 1);
    expect(term.holds).toBe(true);
    clock.stall(1);
    expect(term.holds).toBe(false);
    expect(lease.term).toBeUndefined();
    expect(told).toEqual(['elected']);
    await clock.advance(0);
    expect(told).toEqual(['elected', 'expired', 'elected']);
    expect(lease.term!.token).toBeGreaterThan(term.token);
    expect(term.holds).toBe(false);
    expect(term.signal.aborted).toBe(true);
  });

  it('does not hold when only the wall clock went on: the machine was suspended', async () => {
    const clock = new VirtualClock();
    let asleepMs = 0;
    const lease = leaderLease({
      store: memoryLeaseStore(clock),
      name: 'scaler',
      id: 'a',
      clock: { now: () => clock.now(), wall: () => clock.wall() + asleepMs, after: (ms, run) => clock.after(ms, run) },
    });
    await lease.start();
    const term = lease.term!;
    asleepMs = LEASE_MS;
    expect(term.holds).toBe(false);
    await clock.advance(LEASE_MS);
    expect(lease.term!.token).toBeGreaterThan(term.token);
  });

  it('stays leader without the store until its own lease is over, and then nobody is', async () => {
    const { clock, candidate } = rigOf();
    const { lease, store, told } = candidate('a');
    await lease.start();
    store.fault = 'unreachable';
    await clock.advance(LEASE_MS * 0.99 - 1);
    expect(lease.term).toBeDefined();
    await clock.advance(1);
    expect(lease.term).toBeUndefined();
    await clock.advance(LEASE_MS);
    expect(told).toEqual(['elected', 'expired']);
    expect(events.filter(({ type }) => type === 'trouble')).toHaveLength(1);
    store.fault = 'none';
    await clock.advance(LEASE_MS / 15);
    expect(lease.term).toBeDefined();
  });

  it('gets the lease anew when the answer that brought it was lost', async () => {
    const { clock, candidate } = rigOf();
    const { lease, store } = candidate('a');
    store.fault = 'answer-lost';
    await lease.start();
    expect(lease.term).toBeUndefined();
    store.fault = 'none';
    await clock.advance(LEASE_MS / 15);
    expect(lease.term).toBeDefined();
  });

  it('has another term when its lease vanished from the store, with a higher token', async () => {
    const { clock, candidate } = rigOf();
    const { lease, store, told } = candidate('a');
    await lease.start();
    const term = lease.term!;
    await clock.advance(1);
    store.inner = memoryLeaseStore(clock);
    await clock.advance(LEASE_MS / 3);
    expect(term.signal.aborted).toBe(true);
    expect(lease.term!.token).toBeGreaterThan(term.token);
    expect(told).toEqual(['elected', 'taken', 'elected']);
  });

  it('ends a term that a stamp outranks, lets others go first, and comes back above that stamp', async () => {
    const { clock, candidate } = rigOf();
    const { lease, told, store } = candidate('a');
    await lease.start();
    const term = lease.term!;
    const by = { token: term.token + 7e9, holder: 'other' };
    term.note('stale', by);
    term.note('stale', by);
    expect(term.signal.aborted).toBe(true);
    expect(lease.term).toBeUndefined();
    await clock.advance(0);
    const free = await store.inner.claim({ name: 'scaler', holder: 'b', leaseMs: 1, above: 0 });
    expect(free.outcome).toBe('granted');
    await clock.advance(LEASE_MS / 3);
    expect(lease.term!.token).toBe(by.token + 1);
    expect(told).toEqual(['elected', 'stale', 'elected']);
    const stale = { type: 'leader.stale', lease: 'scaler', holder: term.holder, token: term.token, by };
    expect(events.filter(({ type }) => type === 'leader.stale')).toEqual([stale, stale]);
  });

  it('goes on when what is told of its terms throws', async () => {
    const { candidate } = rigOf();
    const error = new Error('mine');
    const { lease } = candidate('a', {
      onElected() {
        throw error;
      },
    });
    await lease.start();
    expect(lease.term).toBeDefined();
    expect(events).toContainEqual({ type: 'trouble', what: 'onElected of leader lease scaler threw', error });
  });

  it('counts, and says what happens', async () => {
    const { clock, candidate } = rigOf();
    const a = candidate('a');
    const b = candidate('b');
    await a.lease.start();
    await b.lease.start();
    const term = a.lease.term!;
    term.note('accepted');
    term.note('conflict');
    await clock.advance(LEASE_MS / 3);
    expect(values(a.lease)).toMatchObject({
      fleet_leader: 1,
      fleet_leader_token: term.token,
      fleet_leader_changes_total: 1,
      'fleet_lease_calls_total granted': 1,
      'fleet_lease_calls_total renewed': 1,
      'fleet_leader_acts_total accepted': 1,
      'fleet_leader_acts_total conflict': 1,
      'fleet_leader_acts_total stale': 0,
    });
    await a.lease.stop();
    await clock.advance(LEASE_MS / 3);
    expect(values(a.lease)).toMatchObject({
      fleet_leader: 0,
      'fleet_leader_terms_ended_total resigned': 1,
      'fleet_lease_calls_total resigned': 1,
    });
    expect(values(b.lease)).toMatchObject({
      fleet_leader: 1,
      fleet_leader_changes_total: 2,
      'fleet_lease_calls_total held': 2,
    });
    const { holder, token } = term;
    expect(events.slice(0, 2)).toEqual([
      { type: 'leader.elected', lease: 'scaler', holder, token },
      { type: 'leader.lost', lease: 'scaler', holder, token, reason: 'resigned' },
    ]);
  });

  it('asks no more often than it should, whatever is published', async () => {
    const { clock, candidate } = rigOf();
    const a = candidate('a');
    await a.lease.start();
    const follower = new BreakableStore(memoryLeaseStore(clock));
    let onFree = () => {};
    const claims = {
      claim: (claim: Parameters<LeaseStore['claim']>[0]) => a.store.claim(claim),
      resign: follower.resign,
    };
    const b = candidate('b', {
      store: {
        ...claims,
        watch(_name, call) {
          onFree = call;
          return { [Symbol.dispose]() {} };
        },
      },
    });
    await b.lease.start();
    const before = a.store.calls;
    for (let ms = 0; ms < 1_000; ms++) {
      onFree();
      await clock.advance(1);
    }
    expect(a.store.calls - before).toBeLessThan(60);
    expect(a.store.calls - before).toBeGreaterThan(2);
  });

  it.each([
    [{ name: 'a b' }, 'the name of a leader lease is "a b"; it must be 1 to 64 of the characters A-Z a-z 0-9 _ . -'],
    [{ id: '' }, 'leader lease scaler: id is ""; it must be 1 to 180 printable ASCII characters without spaces'],
    [{ leaseMs: 49 }, 'leader lease scaler: leaseMs is 49; it must be a whole number from 50 to 3600000'],
    [{ leaseMs: 100.5 }, 'leader lease scaler: leaseMs is 100.5; it must be a whole number from 50 to 3600000'],
    [{ renewMs: 7_501 }, 'leader lease scaler: renewMs is 7501; it must be a number from 1 to 7500, half of the lease'],
    [
      { renewMs: Number.NaN },
      'leader lease scaler: renewMs is NaN; it must be a number from 1 to 7500, half of the lease',
    ],
  ])('refuses %j', (options, message) => {
    const { candidate } = rigOf();
    expect(() => candidate('a', options)).toThrow(new ConfigError(message));
  });
});
