import { seededRandom, VirtualClock } from '@breakwater/resilience/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FrameSummary } from '../frames/frame.js';
import { type Log, openLog } from '../log/log.js';
import { META, readAll } from '../log/log.suite.js';
import { ForgetfulDisk } from '../storage/forgetful-disk.suite.js';
import type { LaneCheckpoint } from './checkpoint.js';
import { CheckpointFile } from './checkpoint-file.js';
import { LaneBook } from './lane-book.js';

const SEGMENTS = '/segments';
const LANES = ['a', 'b'];

type Picks = readonly boolean[];

/** What a lane does with its frames. */
type Work =
  | {
      readonly kind: 'take' | 'put back' | 'release' | 'rewind' | 'hand over';
      readonly lane: number;
      readonly picks: Picks;
    }
  | {
      readonly kind: 'settle';
      readonly lane: number;
      readonly picks: Picks;
      readonly share: number;
      readonly hold: boolean;
    }
  | { readonly kind: 'expire'; readonly lane: number; readonly which: number };

/** What happens to the slot, one after the other. */
type Step =
  | Work
  | { readonly kind: 'append'; readonly sizes: readonly number[]; readonly lanes: readonly string[] | undefined }
  | { readonly kind: 'checkpoint'; readonly lane: number }
  | { readonly kind: 'sweep' }
  | { readonly kind: 'kill' }
  | { readonly kind: 'crash'; readonly after: number; readonly opening: boolean }
  | { readonly kind: 'flip'; readonly which: number; readonly at: number; readonly bit: number };

const picks = fc.array(fc.boolean(), { minLength: 1, maxLength: 5 });
const lane = fc.nat(LANES.length - 1);
const stepOf = (): fc.Arbitrary<Step> => {
  const step = <T extends object>(weight: number, fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => ({
    weight,
    arbitrary: fc.record(fields) as unknown as fc.Arbitrary<Step>,
  });
  const kind = (...kinds: Array<Step['kind']>) => fc.constantFrom(...kinds);
  return fc.oneof(
    step(8, {
      kind: kind('append'),
      sizes: fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 4 }),
      lanes: fc.constantFrom(undefined, undefined, undefined, ['a'], ['b']),
    }),
    step(8, { kind: kind('take'), lane, picks }),
    step(4, { kind: kind('put back', 'release', 'rewind', 'hand over'), lane, picks }),
    step(8, { kind: kind('settle'), lane, picks, share: fc.constantFrom(0, 0, 0.5, 1), hold: fc.boolean() }),
    step(1, { kind: kind('expire'), lane, which: fc.nat(4) }),
    step(4, { kind: kind('checkpoint'), lane }),
    step(3, { kind: kind('sweep') }),
    step(1, { kind: kind('kill') }),
    step(4, { kind: kind('crash'), after: fc.nat(16), opening: fc.boolean() }),
    step(2, { kind: kind('flip'), which: fc.nat(4), at: fc.nat(4_000), bit: fc.nat(7) }),
  );
};

interface Accepted {
  readonly text: string;
  readonly points: number;
  readonly lanes: readonly string[] | undefined;
}

/** What a lane's file may say after a crash: what is known to be on disk, and what was being written. */
type Sayings = Array<LaneCheckpoint | undefined>;

/** One lane, and its file. */
class LaneRig {
  readonly book: LaneBook;
  readonly #file: CheckpointFile;
  readonly #sayings: Sayings;
  inFlight: FrameSummary[] = [];
  held: FrameSummary[] = [];

  constructor(book: LaneBook, file: CheckpointFile, sayings: Sayings) {
    this.book = book;
    this.#file = file;
    this.#sayings = sayings;
  }

  pickInFlight(picks: Picks): FrameSummary[] {
    const picked = some(this.inFlight, picks);
    this.inFlight = this.inFlight.filter((frame) => !picked.includes(frame));
    return picked;
  }

  pickHeld(picks: Picks): number[] {
    const picked = some(this.held, picks);
    this.held = this.held.filter((frame) => !picked.includes(frame));
    return picked.map(({ seq }) => seq);
  }

  async save(): Promise<void> {
    const checkpoint = this.book.checkpoint();
    this.#sayings.push(checkpoint);
    await this.#file.write(checkpoint);
    this.#sayings.splice(0, this.#sayings.length, checkpoint);
  }
}

const pointsOf = (all: ReadonlyArray<{ readonly points: number }>): number =>
  all.reduce((sum, { points }) => sum + points, 0);
const some = <T>(all: readonly T[], which: Picks): T[] => all.filter((_, at) => which[at % which.length]);
const isDone = (checkpoint: LaneCheckpoint | undefined, seq: number): boolean =>
  checkpoint?.done.some(([from, to]) => seq >= from && seq <= to) === true;

/** Books, checkpoints and log of a slot, and beside them every frame that was accepted. */
class Rig {
  readonly disk: ForgetfulDisk;
  readonly accepted = new Map<number, Accepted>();
  /** Frames whose segment was deleted, and those that damage has hit. */
  readonly gone = new Set<number>();
  readonly sayings = new Map<string, Sayings>(LANES.map((id) => [id, [undefined]]));
  /** What the process knows of the log's frames. */
  frames: FrameSummary[] = [];
  lanes: LaneRig[] = [];
  log!: Log;
  readonly #swept = new Set<number>();
  #made = 0;
  /** What was offered in the crash: it is there, or not. */
  #unknown: Accepted[] = [];
  #isDamaged = false;

  constructor(seed: number) {
    this.disk = new ForgetfulDisk({ random: seededRandom(seed) });
  }

  /** As a slot does it. */
  async start(): Promise<void> {
    const files = new Map<string, CheckpointFile | undefined>();
    for (const id of LANES) files.set(id, await CheckpointFile.open(`/${id}.checkpoint`, this.disk));
    const books = LANES.map((id) => {
      const checkpoint = files.get(id)?.latest;
      expect(this.sayings.get(id)).toContainEqual(checkpoint);
      this.sayings.set(id, [checkpoint]);
      return new LaneBook({ lane: id, startSeq: 1, ...(checkpoint !== undefined && { checkpoint }) });
    });
    const found = new Map<number, FrameSummary>();
    this.lanes = [];
    this.log = await openLog({
      directory: SEGMENTS,
      segmentBytes: 1_200,
      slot: 's',
      storage: this.disk,
      clock: new VirtualClock(),
      minNextSeq: Math.max(0, ...[...files.values()].map((file) => file?.latest.throughSeq ?? 0)) + 1,
      onFrame: (frame) => {
        found.set(frame.seq, frame);
        for (const book of books) book.add(frame);
      },
      onCommit: (frames) => {
        this.frames.push(...frames);
        for (const frame of frames) for (const { book } of this.lanes) book.add(frame);
      },
    });
    for (const book of books) {
      for (const gap of this.log.gaps) book.damage(gap);
      book.reconcile();
    }
    await this.#checkFrames(found);
    for (const book of books) this.#checkBook(book, files.get(book.lane)?.latest, found);
    this.frames = [...found.values()];
    for (const book of books) {
      const sayings = this.sayings.get(book.lane)!;
      const path = `/${book.lane}.checkpoint`;
      if (sayings[0] === undefined) sayings.push(book.checkpoint());
      const file = files.get(book.lane) ?? (await CheckpointFile.create(path, book.checkpoint(), this.disk));
      this.lanes.push(new LaneRig(book, file, sayings));
    }
    for (const each of this.lanes) await each.save();
  }

  /** What was accepted is there but for the frame that was hit; what is there was accepted, or offered in the crash. */
  async #checkFrames(found: ReadonlyMap<number, FrameSummary>): Promise<void> {
    const { frames } = await readAll(this.log);
    expect(frames.map(({ seq }) => seq)).toEqual([...found.keys()]);
    for (const { seq, body, points, lanes } of frames) {
      const frame = { text: `${body}`, points, lanes };
      const known = this.accepted.get(seq);
      // The number of a frame that nothing told of is given again.
      if (known === undefined || this.gone.has(seq)) expect([known, ...this.#unknown]).toContainEqual(frame);
      else expect(frame).toEqual(known);
      this.accepted.set(seq, frame);
      this.gone.delete(seq);
    }
    this.#unknown = [];
    const missing = [...this.accepted.keys()].filter((seq) => !found.has(seq) && !this.gone.has(seq));
    expect(missing.length, `missing: ${missing}`).toBeLessThanOrEqual(this.#isDamaged ? 1 : 0);
    this.#isDamaged = false;
    for (const seq of missing) {
      this.gone.add(seq);
      const isTold = seq < this.log.nextSeq;
      if (!isTold) this.accepted.delete(seq);
      if (!isTold) expect(Math.max(0, ...found.keys()), 'the last one, and its header').toBeLessThan(seq);
    }
  }

  /** What is done is done, what is owed is pending, and what is gone is damaged: once. */
  #checkBook(book: LaneBook, from: LaneCheckpoint | undefined, found: ReadonlyMap<number, FrameSummary>): void {
    this.#checkEquation(book);
    const through = from?.throughSeq ?? 0;
    const owed = [...found.values()].filter(
      ({ seq, lanes }) => lanes?.includes(book.lane) !== false && !isDone(from, seq),
    );
    expect([...found.keys()].filter((seq) => book.isPending(seq))).toEqual(owed.map(({ seq }) => seq));
    expect(book.pending).toBe(pointsOf(owed));
    const { accepted = 0, damaged = 0, ...others } = from?.totals ?? {};
    expect(book.totals).toMatchObject(others);
    const isOurs = (seq: number) => this.accepted.get(seq)?.lanes?.includes(book.lane) !== false;
    expect([...this.#swept].filter((seq) => isOurs(seq) && !isDone(from, seq))).toEqual([]);
    const lostBefore = [...this.accepted.keys()].filter(
      (seq) => seq <= through && !found.has(seq) && !isDone(from, seq) && isOurs(seq),
    );
    const foundBehind = pointsOf(owed.filter(({ seq }) => seq > through));
    const gaps = this.log.gaps.filter(({ toSeq }) => toSeq > through);
    const countedOf = gaps.flatMap(({ fromSeq }) =>
      Array.from({ length: Math.max(0, through + 1 - fromSeq) }, (_, at) => fromSeq + at),
    );
    // The share of the frames that the checkpoint counts is known where all of them are owed.
    if (countedOf.length > 0 && `${countedOf}` !== `${lostBefore}`) return;
    const lost = pointsOf(lostBefore.map((seq) => this.accepted.get(seq)!));
    const lostBehind = pointsOf(gaps) - (countedOf.length > 0 ? lost : 0);
    expect(book.totals.accepted).toBe(accepted + foundBehind + lostBehind);
    expect(book.totals.damaged).toBe(damaged + lostBehind + lost);
  }

  #checkEquation({ totals, pending, held }: LaneBook): void {
    const { accepted, released, quarantined, expired, handedOver, damaged } = totals;
    expect(accepted).toBe(pending + held + released + quarantined + expired + handedOver + damaged);
  }

  async #restart(crashAfter = Number.POSITIVE_INFINITY): Promise<void> {
    if (this.disk.hasCrashed) this.disk.restart();
    else this.disk.kill();
    this.disk.crashBefore(crashAfter);
    await this.start();
  }

  async #append(sizes: readonly number[], lanes: readonly string[] | undefined): Promise<void> {
    const offered = sizes.map((size) => ({
      text: `${++this.#made} `.padEnd(size, 'x'),
      points: 1 + (size % 7),
      lanes,
    }));
    const fromSeq = this.log.nextSeq;
    this.#unknown = offered;
    const meta = lanes === undefined ? META : { ...META, lanes };
    await this.log.append(offered.map(({ text, points }) => ({ meta, body: Buffer.from(text), points })));
    this.#unknown = [];
    for (const [at, frame] of offered.entries()) this.accepted.set(fromSeq + at, frame);
  }

  /** As a slot does it when it is closed: what nobody needs is deleted, once the books on disk say so. */
  async #sweep(): Promise<void> {
    const unneeded = this.log
      .segments()
      .filter(({ id, lastSeq }) => lastSeq >= id && !this.lanes.some(({ book }) => book.needs(id)));
    if (unneeded.length === 0) return;
    for (const each of this.lanes) await each.save();
    for (const { id, lastSeq } of unneeded) {
      for (let seq = id; seq <= lastSeq; seq++) {
        this.gone.add(seq);
        this.#swept.add(seq);
      }
      await this.log.remove(id);
      for (const { book } of this.lanes) book.forget(id);
    }
  }

  /** Damage shows when the log is opened again. */
  async #flip(which: number, at: number, bit: number): Promise<void> {
    const files = [...this.disk.files()].filter(([path]) => path.startsWith(SEGMENTS));
    const [path, bytes] = files[which % files.length] ?? [];
    if (path === undefined || bytes === undefined || bytes.length === 0) return;
    this.disk.flip(path, at % bytes.length, bit);
    this.#isDamaged = true;
    await this.#restart();
  }

  #work(on: LaneRig, step: Work): void {
    const { book } = on;
    const pending = this.frames.filter(({ seq }) => book.isPending(seq));
    if (step.kind === 'expire') {
      const segments = this.log.segments().filter(({ id, lastSeq }) => lastSeq >= id);
      book.expire(segments[step.which % segments.length]?.lastSeq ?? 0, 'size');
    } else if (step.kind === 'take') {
      const frames = some(pending, step.picks);
      book.take(frames);
      on.inFlight.push(...frames);
    } else if (step.kind === 'hand over') book.handOver(some(pending, step.picks));
    else if (step.kind === 'put back') book.putBack(on.pickInFlight(step.picks));
    else if (step.kind === 'release') book.release(on.pickHeld(step.picks));
    else if (step.kind === 'rewind') book.rewind(on.pickHeld(step.picks));
    else if (step.kind === 'settle') {
      const frames = on.pickInFlight(step.picks);
      for (const frame of frames) {
        book.settle(frame, { quarantined: Math.floor(frame.points * step.share), hold: step.hold });
      }
      if (step.hold) on.held.push(...frames);
    }
  }

  async run(step: Step): Promise<void> {
    const act = async (): Promise<void> => {
      if (step.kind === 'crash' && step.opening) await this.#restart(step.after);
      else if (step.kind === 'crash') this.disk.crashBefore(step.after);
      else if (step.kind === 'kill') await this.#restart();
      else if (step.kind === 'append') await this.#append(step.sizes, step.lanes);
      else if (step.kind === 'sweep') await this.#sweep();
      else if (step.kind === 'flip') await this.#flip(step.which, step.at, step.bit);
      else {
        const on = this.lanes[step.lane]!;
        if (step.kind === 'checkpoint') await on.save();
        else this.#work(on, step);
      }
    };
    await act().catch((error: unknown) => {
      if (!this.disk.hasCrashed) throw error;
    });
    if (this.disk.hasCrashed) await this.#restart();
    for (const { book } of this.lanes) this.#checkEquation(book);
  }
}

describe('the books of a slot, their checkpoints and its log', () => {
  it('add up, forget nothing and send nothing twice, whenever it crashes and whatever is hit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), fc.array(stepOf(), { maxLength: 60, size: 'max' }), async (seed, steps) => {
        const rig = new Rig(seed);
        await rig.start();
        for (const step of steps) await rig.run(step);
        await rig.run({ kind: 'kill' });
      }),
      { numRuns: 80, interruptAfterTimeLimit: 20_000 },
    );
  }, 180_000);
});
