import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ConfigError, type Labels } from '@breakwater/resilience';
import { seededRandom, settle, VirtualClock } from '@breakwater/resilience/testing';
import { describe, expect, it } from 'vitest';
import { FLEET_CHANNEL } from '../events.js';
import { FleetError } from '../fleet-error.js';
import type { StandingChange } from './membership.js';
import type { MembershipStore } from './membership-store.js';
import { memoryMembershipStore } from './memory-membership-store.js';
import { type MembershipOptions, membership } from './replica.js';
import { BEAT_MS, LEASE_MS, type Process, World } from './world.suite.js';

const lastOf = ({ standings }: Process) => standings.at(-1)!;

describe('membership', () => {
  describe('without anybody else', () => {
    const alone = (options: Partial<MembershipOptions> = {}) => {
      const clock = new VirtualClock();
      const changes: StandingChange[] = [];
      const store = memoryMembershipStore({ clock });
      const member = membership({
        store,
        id: 'a',
        clock,
        random: seededRandom(1),
        onStanding: (change) => void changes.push(change),
        ...options,
      });
      return { clock, changes, member, store };
    };

    it('is a member at once, for as long as it runs, and out when it left', async () => {
      const { clock, changes, member } = alone();
      expect(member).toMatchObject({ holds: false, standing: { kind: 'out' }, ids: ['a'] });
      await member.join();
      expect(changes).toEqual([{ standing: { kind: 'member', ids: ['a'] }, sinceMs: clock.wall() }]);
      await clock.advance(10 * LEASE_MS);
      expect(changes).toHaveLength(1);
      expect(member.holds).toBe(true);
      await member.leave();
      expect(changes.map(({ standing }) => standing.kind)).toEqual(['member', 'out']);
      expect(member.holds).toBe(false);
      expect(clock.timers).toBe(0);
      await member.join();
      expect(member).toMatchObject({ holds: true, standing: { kind: 'member' } });
    });

    it('does not take its own standstill for a Redis that is lost: a beat was under way, and its deadline is read first', async () => {
      const clock = new VirtualClock();
      const inner = memoryMembershipStore({ clock });
      let isSilent = false;
      const beat: MembershipStore['beat'] = (what) => (isSilent ? new Promise(() => {}) : inner.beat(what));
      const store: MembershipStore = {
        beat,
        leave: (...args) => inner.leave(...args),
        read: () => inner.read(),
        onChange: (listener) => inner.onChange(listener),
      };
      const { member, changes } = alone({ store, clock, leaseMs: LEASE_MS });
      await member.join();
      await clock.advance(1);
      isSilent = true;
      await clock.advance(BEAT_MS);
      clock.stall(2 * LEASE_MS);
      isSilent = false;
      await clock.advance(BEAT_MS);
      expect(changes.map(({ standing }) => standing.kind)).toEqual(['member', 'unsure', 'member']);
      await member.leave();
    });

    it('tells its load with each beat, and goes on without one that cannot be measured', async () => {
      let cpu = 0.1;
      const { clock, member } = alone({
        load: () => {
          if (cpu > 0.3) throw new Error('no figures');
          return { cpu };
        },
      });
      await member.join();
      expect(await member.read()).toEqual([{ id: 'a', leaseEndsAt: clock.wall() + LEASE_MS + 1, load: { cpu: 0.1 } }]);
      cpu = 0.2;
      await clock.advance(BEAT_MS);
      expect((await member.read())[0]!.load).toEqual({ cpu: 0.2 });
      cpu = 0.4;
      await clock.advance(BEAT_MS);
      expect((await member.read())[0]!.load).toEqual({});
      expect(member.holds).toBe(true);
    });

    it('only tells its load when it does not share', async () => {
      const { clock, changes, member, store } = alone({ shares: false });
      await member.join();
      await clock.advance(LEASE_MS);
      expect(member).toMatchObject({ standing: { kind: 'out' }, holds: false, ids: ['a'] });
      expect(await member.read()).toHaveLength(1);
      await member.leave();
      expect(changes).toEqual([]);
      expect((await store.read()).members).toEqual([]);
    });

    it('waits for no store that never answers', async () => {
      const never = new Promise<never>(() => {});
      const store: MembershipStore = {
        beat: () => never,
        leave: () => never,
        read: () => never,
        onChange: () => ({ [Symbol.dispose]: () => {} }),
      };
      const { clock, changes, member } = alone({ store });
      const joined = member.join();
      await clock.advance(BEAT_MS);
      await joined;
      expect(changes).toEqual([{ standing: { kind: 'alone', sinceMs: clock.wall() }, sinceMs: clock.wall() }]);
      expect(member.holds).toBe(true);
      const left = member.leave();
      await clock.advance(BEAT_MS);
      await left;
      expect(member.standing.kind).toBe('out');
    });

    it('holds nothing after it stood still past its lease, until the store has answered', async () => {
      const { clock, changes, member } = alone();
      await member.join();
      clock.stall(LEASE_MS - 151);
      expect(member.holds).toBe(true);
      clock.stall(1);
      expect(member.holds).toBe(false);
      await clock.advance(0);
      expect(changes.map(({ standing }) => standing.kind)).toEqual(['member', 'unsure', 'member']);
      expect(member.holds).toBe(true);
    });

    it('holds nothing after the machine was suspended past its lease, though the monotonic clock stood still', async () => {
      const virtual = new VirtualClock();
      let suspendedMs = 0;
      const clock = {
        now: () => virtual.now(),
        wall: () => virtual.wall() + suspendedMs,
        after: (ms: number, run: () => void) => virtual.after(ms, run),
      };
      const { changes, member } = alone({ clock, store: memoryMembershipStore({ clock }) });
      await member.join();
      suspendedMs = LEASE_MS;
      expect(member.holds).toBe(false);
      await virtual.advance(BEAT_MS);
      expect(changes.map(({ standing }) => standing.kind)).toEqual(['member', 'unsure', 'member']);
    });

    it('aborts what does not end, and after as long again waits no more', async () => {
      let aborted = false;
      const clock = new VirtualClock();
      const store = memoryMembershipStore({ clock });
      const random = seededRandom(1);
      const slow = membership({
        store,
        id: 'a',
        clock,
        random,
        releaseTimeoutMs: 300,
        onStanding: ({ standing }, signal) => {
          if (!('ids' in standing) || standing.ids.length < 2) return;
          signal.onabort = () => {
            aborted = true;
          };
          return new Promise(() => {});
        },
      });
      await slow.join();
      const other = membership({ store, id: 'b', clock, random });
      await other.join();
      await clock.advance(299);
      expect([aborted, other.standing.kind]).toEqual([false, 'joining']);
      await clock.advance(1);
      expect([aborted, other.standing.kind]).toEqual([true, 'joining']);
      await clock.advance(300 + BEAT_MS / 5);
      expect(other.standing.kind).toBe('member');
      expect(figure(slow, 'fleet_releases_overdue_total')).toBe(1);
    });

    it('says once in whose words its heartbeats are refused, and again after one that was not', async () => {
      const clock = new VirtualClock();
      const memory = memoryMembershipStore({ clock });
      let refusal: FleetError | undefined;
      const beat: MembershipStore['beat'] = (what) => (refusal ? Promise.reject(refusal) : memory.beat(what));
      const store: MembershipStore = {
        beat,
        leave: (...args) => memory.leave(...args),
        read: () => memory.read(),
        onChange: (listener) => memory.onChange(listener),
      };
      const { member } = alone({ store, clock, leaseMs: LEASE_MS });
      const told: string[] = [];
      const hear = (event: unknown) => {
        const { type, error } = event as { type: string; error?: Error };
        if (type === 'trouble') told.push(error!.message);
      };
      subscribe(FLEET_CHANNEL, hear);
      await member.join();
      for (const reason of ['refused', 'unreachable'] as const) {
        refusal = new FleetError(reason, `${reason}: the key is no list`);
        await clock.advance(3 * LEASE_MS);
        expect(member.standing.kind).toBe('alone');
        refusal = undefined;
        await clock.advance(LEASE_MS);
      }
      refusal = new FleetError('refused', 'the key is no list');
      await clock.advance(LEASE_MS);
      unsubscribe(FLEET_CHANNEL, hear);
      expect(told).toEqual(['refused: the key is no list', 'the key is no list']);
      await member.leave();
    });

    it('takes a failing handler for one that has ended', async () => {
      const { member } = alone({
        onStanding: () => {
          throw new Error('no');
        },
      });
      await member.join();
      await settle();
      expect(member.holds).toBe(true);
    });

    it('refuses options that cannot be used', () => {
      for (const options of [
        { id: 'no spaces' },
        { id: '' },
        { id: 'x'.repeat(129) },
        { leaseMs: 99 },
        { leaseMs: 1.5 },
        { heartbeatMs: LEASE_MS },
        { releaseTimeoutMs: 0 },
      ]) {
        expect(() => alone(options)).toThrow(ConfigError);
      }
    });

    it('shows what it counts', async () => {
      let fails = false;
      const clock = new VirtualClock();
      const memory = memoryMembershipStore({ clock });
      const store: MembershipStore = {
        beat: (beat) => (fails ? Promise.reject(new FleetError('unreachable', 'gone')) : memory.beat(beat)),
        leave: (...args) => memory.leave(...args),
        read: () => memory.read(),
        onChange: (listener) => memory.onChange(listener),
      };
      const member = membership({ store, id: 'a', clock, random: seededRandom(1) });
      await member.join();
      expect(figure(member, 'fleet_members')).toBe(1);
      expect(figure(member, 'fleet_sharers')).toBe(1);
      expect(figure(member, 'fleet_standing', { standing: 'member' })).toBe(1);
      expect(figure(member, 'fleet_lease_left_seconds')).toBeCloseTo(14.85, 6);
      fails = true;
      await clock.advance(LEASE_MS + 10_000);
      expect(figure(member, 'fleet_standing', { standing: 'alone' })).toBe(1);
      expect(figure(member, 'fleet_standing', { standing: 'member' })).toBe(0);
      expect(figure(member, 'fleet_alone_seconds_total')).toBeCloseTo(10.15, 6);
      expect(figure(member, 'fleet_heartbeats_total', { outcome: 'failed' })).toBeGreaterThan(10);
      fails = false;
      await clock.advance(BEAT_MS);
      expect(figure(member, 'fleet_standing_changes_total', { to: 'member' })).toBe(2);
      expect(figure(member, 'fleet_standing_changes_total', { to: 'alone' })).toBe(1);
      expect(figure(member, 'fleet_alone_seconds_total')).toBeLessThan(12);
      await member.leave();
    });
  });

  describe('with others', () => {
    const three = async () => {
      const world = new World(7);
      const processes = ['a', 'b', 'c'].map((id) => world.start(id)) as [Process, Process, Process];
      await world.advance(2 * BEAT_MS);
      return { world, processes };
    };

    it('gives what a dead member had to the others when its lease is over, from that instant on', async () => {
      const { world, processes } = await three();
      const dead = processes[2];
      const { leaseEndMs } = world.book.entries.get('c')!;
      world.kill(dead);
      await world.advance(leaseEndMs - world.clock.wall() - 1);
      expect(processes[0].member.ids).toEqual(['a', 'b', 'c']);
      await world.advance(30);
      for (const process of processes.slice(0, 2)) {
        expect(process.member.standing).toEqual({ kind: 'member', ids: ['a', 'b'] });
        expect(lastOf(process).sinceMs).toBeGreaterThan(leaseEndMs - 20);
        expect(lastOf(process).sinceMs).toBeLessThanOrEqual(leaseEndMs);
      }
    });

    it('gives what a member had that leaves to the others at once, from when it left', async () => {
      const { world, processes } = await three();
      // Its last turns took a while.
      const leftAt = world.clock.wall() - 400;
      void processes[2].member.leave(leftAt);
      await world.advance(1_000);
      for (const process of processes.slice(0, 2)) {
        expect(process.member.ids).toEqual(['a', 'b']);
        expect(lastOf(process).sinceMs).toBeGreaterThan(leftAt - 20);
        expect(lastOf(process).sinceMs).toBeLessThanOrEqual(leftAt);
      }
    });

    it('lets a joiner begin where the first of the others stopped: it may have had the next turn', async () => {
      const { world, processes } = await three();
      // One of them hears of it late.
      world.stop(processes[1]);
      const joiner = world.start('d');
      await world.advance(300);
      world.continue(processes[1]);
      await world.advance(5_000);
      expect(joiner.standings.map(({ kind }) => kind)).toEqual(['joining', 'member']);
      const stops = processes.map((process) => lastOf(process).atMs);
      const stopped = Math.min(...stops);
      expect(Math.max(...stops)).toBeGreaterThan(stopped + 250);
      expect(lastOf(joiner).sinceMs).toBeGreaterThan(stopped - 20);
      expect(lastOf(joiner).sinceMs).toBeLessThanOrEqual(stopped);
    });

    it('goes alone when the store is lost, within a lease and not before it is over', async () => {
      const { world, processes } = await three();
      world.setState('lost');
      await world.advance(LEASE_MS - BEAT_MS - 100);
      expect(processes.map(({ member }) => [member.standing.kind, member.holds])).toEqual([
        ['member', true],
        ['member', true],
        ['member', true],
      ]);
      await world.advance(BEAT_MS + 100);
      expect(processes.map(({ member }) => [member.standing.kind, member.holds])).toEqual([
        ['alone', true],
        ['alone', true],
        ['alone', true],
      ]);
      world.setState('up');
      await world.advance(LEASE_MS);
      expect(processes.map(({ member }) => member.standing)).toEqual(
        processes.map(() => ({ kind: 'member', ids: ['a', 'b', 'c'] })),
      );
    });

    it('takes the part of one that died when the store is lost, as soon as its last known lease is over', async () => {
      const { world, processes } = await three();
      const { leaseEndMs } = world.book.entries.get('c')!;
      world.kill(processes[2]);
      await world.advance(BEAT_MS);
      const wellMs = Math.min(...['a', 'b'].map((id) => world.book.entries.get(id)!.leaseEndMs));
      world.setState('lost');
      await world.advance(leaseEndMs - world.clock.wall() - 1);
      expect(processes[0].member.ids).toEqual(['a', 'b', 'c']);
      await world.advance(30);
      expect(world.clock.wall()).toBeLessThan(wellMs);
      for (const process of processes.slice(0, 2)) {
        expect(process.member.standing).toEqual({ kind: 'member', ids: ['a', 'b'] });
        expect(lastOf(process).sinceMs).toBeGreaterThan(leaseEndMs - 20);
        expect(lastOf(process).sinceMs).toBeLessThanOrEqual(leaseEndMs + 10);
        expect(figure(process.member, 'fleet_presumed_dead')).toBe(1);
      }
      world.setState('up');
      await world.advance(BEAT_MS);
      expect(processes[0].member.ids).toEqual(['a', 'b']);
      expect(figure(processes[0].member, 'fleet_presumed_dead')).toBe(0);
    });

    it('gives its part back to one that was only taken for dead', async () => {
      const { world, processes } = await three();
      processes[0].cut = true;
      await world.advance(1_000 * figure(processes[0].member, 'fleet_lease_left_seconds') - 10);
      expect(figure(processes[0].member, 'fleet_presumed_dead')).toBeGreaterThan(0);
      expect(processes[0].member.ids.length).toBeLessThan(3);
      expect(processes[0].member.standing.kind).toBe('member');
      processes[0].cut = false;
      await world.advance(3 * BEAT_MS);
      expect(processes.map(({ member }) => member.standing)).toEqual(
        processes.map(() => ({ kind: 'member', ids: ['a', 'b', 'c'] })),
      );
      expect(world.unsettled()).toBeUndefined();
    });

    it('keeps to whom it knew when the store is emptied, a dead member included until its lease is over', async () => {
      const { world, processes } = await three();
      world.kill(processes[2]);
      for (const process of processes) process.standings.length = 0;
      world.empty();
      await world.advance(LEASE_MS - 1_000);
      for (const { member, standings } of processes.slice(0, 2)) {
        expect(member.ids).toEqual(['a', 'b', 'c']);
        expect(new Set(standings.map(({ kind }) => kind))).toEqual(new Set(['joining']));
      }
      await world.advance(BEAT_MS + 2_000);
      expect(processes.slice(0, 2).map(({ member }) => member.standing)).toEqual([
        { kind: 'member', ids: ['a', 'b'] },
        { kind: 'member', ids: ['a', 'b'] },
      ]);
      expect(figure(processes[0].member, 'fleet_epoch_changes_total')).toBe(1);
    });
  });
});

function figure(member: ReturnType<typeof membership>, name: string, labels: Labels = {}): number {
  let found = Number.NaN;
  member.measure((definition, told, value) => {
    const fits = Object.entries(labels).every(([label, wanted]) => told[label] === wanted);
    if (definition.name === name && fits) found = value as number;
  });
  return found;
}
