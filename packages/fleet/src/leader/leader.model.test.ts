import { seededRandom, VirtualClock } from '@breakwater/resilience/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Contender, type Fate, LEASE_MS, World } from './contenders.suite.js';
import { JudgedWorkload } from './workload.suite.js';

const CONTENDERS = 3;

const step = fc.record({
  what: fc.constantFrom('pause', 'pause', 'resume', 'cut', 'heal', 'empty', 'kill', 'stop', 'touch', 'nothing'),
  who: fc.nat(CONTENDERS - 1),
  thenMs: fc.constantFrom(1, 40, 200, 600, LEASE_MS, 2 * LEASE_MS + 100),
});
const fate: fc.Arbitrary<Fate> = fc.record({
  fate: fc.constantFrom('done', 'done', 'done', 'done', 'lost', 'answer-lost', 'late'),
  beforeMs: fc.constantFrom(0, 0, 0, 5, 120, 700),
  afterMs: fc.constantFrom(0, 0, 0, 5, 120, 700),
});
const story = fc.record({
  steps: fc.array(step, { minLength: 5, maxLength: 25 }),
  fates: fc.array(fate, { minLength: 1, maxLength: 40 }),
  tellsVersions: fc.boolean(),
  seed: fc.nat(),
});
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

class Rig {
  readonly clock: VirtualClock = new VirtualClock();
  readonly random: () => number;
  readonly world: World;
  readonly contenders: Contender[];
  /** The most that took themselves for the leader at once. */
  believers = 0;

  constructor({ seed, tellsVersions, fates }: Story, checksVersions = true) {
    this.random = seededRandom(seed);
    this.world = new World(this.clock, new JudgedWorkload({ tellsVersions, checksVersions }));
    this.world.fates = fates;
    this.contenders = Array.from({ length: CONTENDERS }, (_, index) => this.contender(index));
  }

  contender(index: number): Contender {
    const contender = new Contender(this.world, `replica-${index}`, this.random);
    void contender.lease.start();
    return contender;
  }

  async play({ what, who, thenMs }: Story['steps'][number]): Promise<void> {
    const contender = this.contenders[who]!;
    if (what === 'pause') contender.process.pause();
    else if (what === 'resume') contender.process.resume();
    else if (what === 'cut') contender.isCut = true;
    else if (what === 'heal') contender.isCut = false;
    else if (what === 'empty') this.world.empty();
    else if (what === 'touch') this.world.workload.touch();
    else if (what !== 'nothing') {
      if (what === 'kill') contender.process.kill();
      else void contender.lease.stop();
      this.contenders[who] = this.contender(who);
    }
    for (let ms = 0; ms < thenMs; ms += 100) {
      await this.clock.advance(Math.min(100, thenMs - ms));
      this.believers = Math.max(this.believers, this.leaders().length);
    }
  }

  leaders(): Contender[] {
    return this.contenders.filter(({ lease }) => lease.term !== undefined);
  }

  heal(): void {
    this.world.fates = [];
    for (const contender of this.contenders) {
      contender.isCut = false;
      contender.process.resume();
    }
  }

  async end(): Promise<void> {
    const stopping = this.contenders.map(({ lease }) => lease.stop());
    await this.clock.advance(LEASE_MS);
    await Promise.all(stopping);
  }
}

describe('leaders, whatever breaks', () => {
  it('act in the order of their tokens, which have one holder each, and one leads two leases after all is well', async () => {
    let believers = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(story, async (story) => {
        const rig = new Rig(story);
        const { world, clock } = rig;
        for (const step of story.steps) await rig.play(step);
        rig.heal();
        const acts = world.workload.accepted.length;
        await clock.advance(2 * LEASE_MS);
        const leaders = rig.leaders();
        expect(leaders).toHaveLength(1);
        await clock.advance(LEASE_MS);
        const { term } = leaders[0]!.lease;
        expect(world.workload.accepted.length).toBeGreaterThan(acts);
        expect(world.workload.accepted.at(-1)).toEqual({ token: term?.token, holder: term?.holder });
        expect(world.workload.outOfOrder).toEqual([]);
        expect(new Set(world.terms.map(({ token }) => token)).size).toBe(world.terms.length);
        believers = Math.max(believers, rig.believers);
        refused += world.workload.refused;
        await rig.end();
        expect(clock.timers).toBe(0);
      }),
      { numRuns: 300 },
    );
    // Else nothing was tried.
    expect(believers).toBeGreaterThan(1);
    expect(refused).toBeGreaterThan(20);
  }, 180_000);

  it('would act out of order on a workload that does not compare versions: the judge sees it', async () => {
    let wrong = 0;
    for (const sample of fc.sample(story, { numRuns: 60, seed: 5 })) {
      const rig = new Rig(sample, false);
      for (const step of sample.steps) await rig.play(step);
      wrong += rig.world.workload.outOfOrder.length;
    }
    expect(wrong).toBeGreaterThan(0);
  });
});
