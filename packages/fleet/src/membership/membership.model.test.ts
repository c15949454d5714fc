import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BEAT_MS, LEASE_MS, type Process, World } from './world.suite.js';

type Step = (world: World) => void;

const IDS = ['a', 'b', 'c', 'd'];
/** Until a call to a store that does not answer has failed, and what came of it is known. */
const CALL_MS = 1_100;
/**
 * An older process that was cut off takes over the id at its first beat, and the younger one takes it back at its next: only
 * then the lease of the older one runs out.
 */
const TWINS_SETTLED_MS = LEASE_MS + 2 * BEAT_MS;
const id = fc.constantFrom(...IDS);

/** A step of one process, if there is one. */
const of = (name: string, run: (world: World, process: NonNullable<ReturnType<World['running']>>) => void) =>
  id.map((id) =>
    named(`${name} ${id}`, (world) => {
      const process = world.running(id);
      if (process !== undefined) run(world, process);
    }),
  );

const named = (name: string, step: Step): Step => Object.assign(step, { [fc.toStringMethod]: () => name });

const PROCESSES = [
  id.map((id) =>
    named(`start ${id}`, (world) => {
      if (world.running(id) === undefined) world.start(id);
    }),
  ),
  of('kill', (world, process) => world.kill(process)),
  of('restart', (world, process) => {
    world.kill(process);
    world.start(process.id);
  }),
  of('leave', (world, process) => {
    if (!process.running) return;
    void process.member.leave().then(() => {
      if (process.member.standing.kind === 'out') world.kill(process);
    });
  }),
  of('stop', (world, process) => world.stop(process)),
  of('continue', (world, process) => world.continue(process)),
];
const NETWORK = [
  of('cut', (_, process) => {
    process.cut = true;
  }),
  of('mend', (_, process) => {
    process.cut = false;
  }),
  fc.constantFrom(0, 0.1, 0.4).map((share) =>
    named(`losses ${share}`, ({ weather }) => {
      Object.assign(weather, { lostRequests: share / 3, lostReplies: share / 3, late: share / 3, lostMessages: share });
    }),
  ),
];
const TWINS = [id.map((id) => named(`twin of ${id}`, (world) => void world.start(id)))];
const LOSS = (['lost', 'stopped', 'up'] as const).map((state) =>
  fc.constant(named(`store ${state}`, (world) => world.setState(state))),
);
const EMPTYING = [fc.constant(named('empty', (world) => world.empty()))];
const ROLLING_BACK = [
  fc.constant(named('save', (world) => world.save())),
  fc.constant(named('roll back', (world) => world.rollBack())),
];

/** Runs a history from three members, lets everything heal, and expects each target to have one owner soon after. */
function history(steps: readonly fc.Arbitrary<Step>[], settledMs = LEASE_MS + BEAT_MS) {
  const pauses = fc.oneof(fc.nat(20), fc.nat(2_000), fc.nat(2 * LEASE_MS));
  return fc.asyncProperty(
    fc.nat(),
    fc.array(fc.tuple(pauses, fc.oneof(...steps)), { minLength: 1, maxLength: 14 }),
    async (seed, history) => {
      const world = new World(seed);
      for (const each of IDS.slice(0, 3)) world.start(each);
      await world.advance(BEAT_MS);
      for (const [pauseMs, step] of history) {
        await world.advance(pauseMs);
        world.check();
        step(world);
        world.check();
      }
      await world.advance(BEAT_MS);
      world.heal();
      // Whatever was late comes at last; a member that it brings back goes with its lease.
      await world.advance(settledMs);
      expect(world.faults.slice(0, 3)).toEqual([]);
      if (world.isLateFree) expect(world.unsettled()).toBeUndefined();
      await world.advance(3 * LEASE_MS);
      expect(world.unsettled()).toBeUndefined();
      expect(world.faults.slice(0, 3)).toEqual([]);
    },
  );
}

/** One dies and the store is lost, in whichever order: nobody's targets are silent for longer than its lease. */
const silence = fc.asyncProperty(
  fc.nat(),
  fc.nat(2 * LEASE_MS),
  fc.integer({ min: -LEASE_MS, max: LEASE_MS }),
  fc.constantFrom('lost', 'stopped'),
  async (seed, pauseMs, lossMs, state) => {
    const world = new World(seed);
    for (const each of IDS) world.start(each);
    await world.advance(3 * BEAT_MS + pauseMs);
    expect(world.unsettled()).toBeUndefined();
    if (lossMs < 0) world.setState(state);
    await world.advance(Math.max(0, -lossMs));
    world.kill(world.running('b')!);
    await world.advance(Math.max(0, lossMs));
    world.setState(state);
    await world.advance(LEASE_MS - Math.max(0, lossMs) + CALL_MS);
    expect(world.silent()).toEqual([]);
    world.setState('up');
    await world.advance(3 * LEASE_MS);
    expect(world.unsettled()).toBeUndefined();
    expect(world.faults.slice(0, 3)).toEqual([]);
  },
);

/** The store is back as leases end: some members went alone, some were only about to, and some have not noticed. */
const brink = fc.asyncProperty(
  fc.nat(),
  fc.nat(2 * BEAT_MS),
  fc.constantFrom('lost', 'stopped'),
  fc.integer({ min: LEASE_MS - BEAT_MS - CALL_MS, max: LEASE_MS + CALL_MS }),
  fc.array(fc.tuple(fc.nat(LEASE_MS), fc.oneof(...PROCESSES, ...NETWORK)), { maxLength: 6 }),
  async (seed, pauseMs, state, lossMs, steps) => {
    const world = new World(seed);
    for (const each of IDS.slice(0, 3)) world.start(each);
    await world.advance(BEAT_MS + pauseMs);
    world.setState(state);
    let atMs = 0;
    for (const [ms, step] of steps.filter(([ms]) => ms < lossMs).sort(([one], [other]) => one - other)) {
      await world.advance(ms - atMs);
      atMs = ms;
      step(world);
      world.check();
    }
    await world.advance(lossMs - atMs);
    world.heal();
    await world.advance(4 * LEASE_MS + BEAT_MS);
    expect(world.unsettled()).toBeUndefined();
    expect(world.faults.slice(0, 3)).toEqual([]);
  },
);

/** An older process of an id was cut off before it heard of a lease: it takes the id over, and is shown away from it. */
const takenOver = fc.asyncProperty(fc.nat(), async (seed) => {
  const world = new World(seed);
  for (const each of IDS.slice(0, 3)) world.start(each);
  await world.advance(BEAT_MS);
  const older = world.start('d');
  older.cut = true;
  await world.advance(10);
  const younger = world.start('d');
  await world.advance(3 * BEAT_MS);
  world.heal();
  await world.advance(BEAT_MS + CALL_MS);
  expect(older.member.id).toMatch(/^d~/);
  const { waitUntilMs } = world.book.entries.get('d')!;
  await world.advance(waitUntilMs - world.clock.wall());
  expect(older.member.standing.kind).toBe('joining');
  await world.advance(CALL_MS);
  expect(older.member.standing.kind).toBe('member');
  expect(younger.member.id).toBe('d');
});

const runs = (numRuns: number) => ({ numRuns: Number(process.env['MODEL_RUNS'] ?? numRuns) });

describe('membership, whatever happens', { timeout: 180_000 }, () => {
  it('never gives a target to two while the store answers, and to one soon after', async () => {
    await fc.assert(history(PROCESSES), runs(150));
  });

  it('keeps that through lost and late calls, and cuts', async () => {
    await fc.assert(history([...PROCESSES, ...NETWORK]), runs(200));
  });

  it('keeps that with two processes of one id', async () => {
    await fc.assert(history([...PROCESSES, ...NETWORK, ...TWINS], TWINS_SETTLED_MS), runs(300));
  });

  it('waits for the lease of an older process that came back under the id of a younger one, and no longer', async () => {
    await fc.assert(takenOver, runs(20));
  });

  it('keeps that through a lost and a stopped store', async () => {
    await fc.assert(history([...PROCESSES, ...NETWORK, ...LOSS]), runs(200));
  });

  // Found by the property above, and brought down to what it takes.
  it('counts as alone who was so in between two words to its owner: until all know of it again two may do its part', async () => {
    const world = new World(129_541_995);
    const [a, b, c] = ['a', 'b', 'c'].map((id) => world.start(id)) as [Process, Process, Process];
    await world.advance(BEAT_MS);
    world.setState('lost');
    await world.advance(5_315);
    world.kill(c);
    world.stop(b);
    let wasAlone = false;
    for (let ms = 0; ms < 2 * LEASE_MS; ms += 20) {
      await world.advance(20);
      wasAlone ||= a.member.standing.kind === 'alone';
      if (ms === 5_240) world.heal();
    }
    // Its lease is over while it still takes the part of one taken for dead; Redis answers before that is done.
    expect(wasAlone).toBe(true);
    expect(a.standings.map(({ kind }) => kind)).toEqual([
      'joining',
      'joining',
      'member',
      'member',
      'joining',
      'member',
    ]);
    expect(world.faults).toEqual([]);
    expect(world.unsettled()).toBeUndefined();
  });

  it('keeps that when the store is back as leases end', async () => {
    await fc.assert(brink, runs(200));
  });

  it('leaves nothing undone for longer than a lease when one dies and the store is lost', async () => {
    await fc.assert(silence, runs(200));
  });

  it('keeps that through an emptied store, but for those who knew nobody', async () => {
    await fc.assert(history([...PROCESSES, ...NETWORK, ...LOSS, ...EMPTYING]), runs(200));
  });

  it('keeps that soon after a store went back to an earlier state', async () => {
    await fc.assert(history([...PROCESSES, ...NETWORK, ...LOSS, ...ROLLING_BACK]), runs(200));
  });
});
