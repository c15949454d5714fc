import { type MembershipStore, memoryMembershipStore } from '@breakwater/fleet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { targetOf } from '../flow/rig.suite.js';
import { type Replica, Replicas, STEP_MS } from './replicas.suite.js';

const INTERVAL_MS = 3_000;
const LEASE_MS = 3_000;
const TARGETS = Array.from({ length: 12 }, (_, index) =>
  targetOf(`t-${index + 1}`, { intervalMs: INTERVAL_MS, timeoutMs: 2_000 }),
);

/** Replicas that really join a fleet, whose store can be lost and emptied. */
class Fleet {
  readonly replicas: Replicas = new Replicas(TARGETS, ({ name }) => 5 + (name.length % 3) * 120);
  readonly live = new Map<string, Replica>();
  lost = false;
  #memory = this.#empty();
  #asking: Replica | undefined;

  /** Its clock is that of whoever asks: they go together in steps, one after the other. */
  #empty(): MembershipStore {
    const wall = () => this.#asking?.wallMs ?? this.replicas.wallMs;
    return memoryMembershipStore({ clock: { now: wall, wall, after: () => ({ [Symbol.dispose]() {} }) } });
  }

  /** Redis restarts without its memory. */
  forget(): void {
    this.#memory = this.#empty();
  }

  async join(id: string): Promise<void> {
    const replica = this.replicas.add(id);
    this.live.set(id, replica);
    const ask = <T>(what: (store: MembershipStore) => Promise<T>): Promise<T> => {
      this.#asking = replica;
      return this.lost ? Promise.reject(new Error('Redis is gone')) : what(this.#memory);
    };
    await replica.join(
      {
        beat: (beat) => ask((store) => store.beat(beat)),
        leave: (...member) => ask((store) => store.leave(...member)),
        read: () => ask((store) => store.read()),
        onChange: (listener) => this.#memory.onChange(listener),
      },
      LEASE_MS,
    );
  }

  async leave(id: string): Promise<void> {
    const replica = this.live.get(id)!;
    this.live.delete(id);
    let left = false;
    void replica.membership!.leave().then(() => {
      left = true;
    });
    while (!left) await this.replicas.advance(STEP_MS);
  }

  kill(id: string): void {
    this.live.get(id)!.stopped = true;
    this.live.delete(id);
  }
}

/** Instants that have more than one point, or none, but for the last ones. */
function judge({ replicas }: Fleet, fromMs: number): { doubled: string[]; lost: string[]; turns: number } {
  const untilMs = replicas.wallMs - INTERVAL_MS;
  const [doubled, lost]: [string[], string[]] = [[], []];
  let turns = 0;
  for (const target of TARGETS) {
    const points = replicas.points(target);
    for (const instant of replicas.instants(target, fromMs, untilMs)) {
      turns++;
      const count = points.filter((point) => point === instant).length;
      if (count !== 1) (count === 0 ? lost : doubled).push(`${target.name} at ${instant - replicas.startedMs}`);
    }
  }
  return { doubled, lost, turns };
}

const ids = fc.constantFrom('a', 'b', 'c', 'd');
const waitMs = fc.integer({ min: 1, max: 60 }).map((steps) => steps * STEP_MS);

describe('a fleet of collectors', () => {
  it('polls every turn once while replicas come and go', async () => {
    const step = fc.record({ id: ids, waitMs });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
        const fleet = new Fleet();
        await fleet.join('z');
        for (const { id, waitMs } of steps) {
          await fleet.replicas.advance(waitMs);
          await (fleet.live.has(id) ? fleet.leave(id) : fleet.join(id));
        }
        await fleet.replicas.advance(4 * LEASE_MS);
        expect(judge(fleet, fleet.replicas.startedMs + LEASE_MS)).toMatchObject({ doubled: [], lost: [] });
        expect(fleet.replicas.clashes()).toEqual([]);
      }),
      { numRuns: 8 },
    );
  }, 60_000);

  it('polls every turn once again within a lease and a beat, whatever happened to it', async () => {
    const step = fc.oneof(
      fc.record({ what: fc.constantFrom('join', 'leave', 'kill', 'pause', 'resume'), id: ids, waitMs }),
      fc.record({ what: fc.constantFrom('lose', 'return', 'forget'), id: ids, waitMs }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
        const fleet = new Fleet();
        await fleet.join('z');
        let isQuiet = true;
        for (const { what, id, waitMs } of steps) {
          await fleet.replicas.advance(waitMs);
          const replica = fleet.live.get(id);
          if (what === 'join' && replica === undefined) await fleet.join(id);
          if (what === 'leave' && replica?.stopped === false) await fleet.leave(id);
          if (what === 'kill' && replica !== undefined) fleet.kill(id);
          if (what === 'pause' && replica !== undefined) replica.stopped = true;
          if (what === 'resume' && replica !== undefined) replica.stopped = false;
          if (what === 'lose') fleet.lost = true;
          if (what === 'return') fleet.lost = false;
          if (what === 'forget') fleet.forget();
          isQuiet &&= !['lose', 'forget'].includes(what);
        }
        fleet.lost = false;
        for (const replica of fleet.live.values()) replica.stopped = false;
        await fleet.replicas.advance(3 * LEASE_MS);
        const settledMs = fleet.replicas.wallMs;
        await fleet.replicas.advance(3 * INTERVAL_MS);
        const settled = judge(fleet, settledMs);
        expect(settled).toEqual({ doubled: [], lost: [], turns: settled.turns });
        expect(settled.turns).toBeGreaterThan(TARGETS.length);
        // Nobody is alone as long as Redis answers and remembers: then no turn is anybody else's too.
        if (isQuiet) expect(judge(fleet, fleet.replicas.startedMs).doubled).toEqual([]);
      }),
      { numRuns: 12 },
    );
  }, 60_000);
});
