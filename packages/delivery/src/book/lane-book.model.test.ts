import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FrameSummary } from '../frames/frame.js';
import type { LaneCheckpoint, LaneTotals } from './checkpoint.js';
import { decodeSlot, encodeSlot } from './checkpoint-codec.js';
import { LaneBook } from './lane-book.js';
import { EXPIRY_REASONS, type ExpiryReason } from './metrics.js';

const LANE = 'http://a:8086';
const OTHER = 'http://b:8086';

type Outcome = 'released' | 'quarantined' | 'expired' | 'handedOver' | 'damaged';
type State = 'pending' | 'in flight' | 'held' | 'done' | 'not its business';

/** One frame, as one would explain it. */
interface ModelFrame extends FrameSummary {
  state: State;
  /** What its points became, once they are done. */
  became: Partial<Record<Outcome, number>>;
  quarantined: number;
  /** The log has it no more. */
  isLost: boolean;
}

/** A log and what the lane knows of it: an array of frames, walked through each time. */
class Model {
  frames: ModelFrame[] = [];
  /** Each with the model's frames as they were then. */
  checkpoints: Array<{ checkpoint: LaneCheckpoint; frames: ModelFrame[] }> = [];
  segment = 1;
  seq = 0;

  in(...states: State[]): ModelFrame[] {
    return this.frames.filter(({ state }) => states.includes(state));
  }

  points(...states: State[]): number {
    return sum(this.in(...states).map(({ points }) => points));
  }

  get totals(): LaneTotals {
    const became = (outcome: Outcome) => sum(this.frames.map((frame) => frame.became[outcome] ?? 0));
    return {
      accepted: this.points('pending', 'in flight', 'held', 'done'),
      released: became('released'),
      quarantined: became('quarantined'),
      expired: became('expired'),
      handedOver: became('handedOver'),
      damaged: became('damaged'),
    };
  }
}

interface Real {
  book: LaneBook;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function finish(frame: ModelFrame, became: ModelFrame['became']): void {
  frame.state = 'done';
  frame.became = became;
}

const deliver = (frame: ModelFrame, quarantined: number) =>
  finish(frame, { released: frame.points - quarantined, quarantined });

/** Asserted after every single step: each term alone, and the equation over what the book itself says. */
function compare(model: Model, { book }: Real): void {
  const { accepted, released, quarantined, expired, handedOver, damaged } = book.totals;
  expect(accepted).toBe(book.pending + book.held + released + quarantined + expired + handedOver + damaged);
  expect(book.totals).toEqual(model.totals);
  expect(book.pending).toBe(model.points('pending', 'in flight'));
  expect(book.held).toBe(model.points('held'));
  const pending = model.frames.filter(({ seq }) => book.isPending(seq));
  expect(pending.map(({ seq }) => seq)).toEqual(model.in('pending').map(({ seq }) => seq));
  for (const seq of [1, Math.ceil(model.seq / 2), model.seq]) {
    expect(book.nextPending(seq)).toBe(model.in('pending').find((frame) => frame.seq >= seq)?.seq);
  }
  const needed = [...new Set(model.in('pending', 'in flight', 'held').map(({ segment }) => segment))];
  expect(book.neededSegments()).toEqual(needed);
  const owed = model.in('pending', 'in flight', 'held').map(({ seq }) => seq);
  const checkpoint = book.checkpoint();
  const isDone = (seq: number) => checkpoint.done.some(([from, to]) => seq >= from && seq <= to);
  expect(model.frames.filter(({ seq }) => !isDone(seq)).map(({ seq }) => seq)).toEqual(owed);
  expect(sum(Object.values(checkpoint.expiredBy!))).toBe(expired);
}

type Step = (model: Model, real: Real) => void;

/** Nothing that changes a checkpoint goes unnoticed. */
function commandOf(name: string, step: Step): fc.Command<Model, Real> {
  return {
    check: () => true,
    run(model, real) {
      const { book } = real;
      const before = JSON.stringify(book.checkpoint());
      const version = book.version;
      step(model, real);
      compare(model, real);
      if (real.book === book && JSON.stringify(book.checkpoint()) !== before) {
        expect(book.version).toBeGreaterThan(version);
      }
    },
    toString: () => name,
  };
}

const some = (frames: ModelFrame[], picks: readonly boolean[]) => frames.filter((_, at) => picks[at % picks.length]);

const append = (points: readonly number[], forWhom: 'all' | 'us' | 'others', isNewSegment: boolean): Step =>
  function append(model, { book }) {
    const lanes = { all: undefined, us: [OTHER, LANE], others: [OTHER] }[forWhom];
    if (isNewSegment) model.segment = model.seq + 1;
    for (const count of points) {
      const summary = { seq: ++model.seq, points: count, segment: model.segment, lanes, acceptedAtMs: 0 };
      const state = forWhom === 'others' ? 'not its business' : 'pending';
      model.frames.push({ ...summary, state, became: {}, quarantined: 0, isLost: false });
      book.add(summary);
    }
  };

const take = (picks: readonly boolean[]): Step =>
  function take(model, { book }) {
    const frames = some(model.in('pending'), picks);
    book.take(frames);
    for (const frame of frames) frame.state = 'in flight';
  };

const putBack = (picks: readonly boolean[]): Step =>
  function putBack(model, { book }) {
    const frames = some(model.in('in flight'), picks);
    book.putBack(frames);
    for (const frame of frames) frame.state = 'pending';
  };

const settle = (picks: readonly boolean[], share: number, hold: boolean, isFlipped: boolean): Step =>
  function settle(model, { book }) {
    const frames = some(model.in('in flight'), picks);
    for (const frame of isFlipped ? frames.reverse() : frames) {
      const quarantined = Math.floor(frame.points * share);
      book.settle(frame, { quarantined, hold });
      if (!hold) deliver(frame, quarantined);
      else Object.assign(frame, { state: 'held', quarantined });
    }
  };

const release = (picks: readonly boolean[]): Step =>
  function release(model, { book }) {
    const frames = some(model.in('held'), picks);
    book.release(frames.map(({ seq }) => seq));
    for (const frame of frames) deliver(frame, frame.quarantined);
  };

const rewind = (picks: readonly boolean[]): Step =>
  function rewind(model, { book }) {
    const frames = some(model.in('held'), picks);
    expect(book.rewind(frames.map(({ seq }) => seq))).toBe(sum(frames.map(({ points }) => points)));
    for (const frame of frames) frame.state = 'pending';
  };

const expire = (which: number, reason: ExpiryReason): Step =>
  function expire(model, { book }) {
    const ends = model.frames.filter(({ segment }, at) => model.frames[at + 1]?.segment !== segment);
    const toSeq = ends[which % Math.max(1, ends.length)]?.seq ?? 0;
    const frames = model.in('pending').filter(({ seq }) => seq <= toSeq);
    expect(book.expire(toSeq, reason)).toEqual({
      frames: frames.length,
      points: sum(frames.map(({ points }) => points)),
    });
    for (const frame of frames) finish(frame, { expired: frame.points });
  };

const handOver = (picks: readonly boolean[]): Step =>
  function handOver(model, { book }) {
    const frames = some(model.in('pending', 'in flight'), picks);
    book.handOver(frames);
    for (const frame of frames) finish(frame, { handedOver: frame.points });
  };

/** One frame, or several of a segment none of which is done: what the log says of them is all that is needed. */
const damage = (which: number, length: number): Step =>
  function damage(model, { book }) {
    const first = model.frames[which % Math.max(1, model.frames.length)];
    if (first === undefined) return;
    const rest = model.frames.filter(({ seq, segment }) => seq >= first.seq && segment === first.segment);
    const end = rest.findIndex(({ state }) => state === 'done' || state === 'not its business');
    const hit = rest.slice(0, Math.max(1, Math.min(length, end < 0 ? rest.length : end)));
    const lost = hit.filter(({ state }) => state === 'pending');
    const points = sum(lost.map((frame) => frame.points));
    const gap = {
      fromSeq: first.seq,
      toSeq: hit.at(-1)!.seq,
      points: sum(hit.map((frame) => frame.points)),
      segment: first.segment,
    };
    expect(book.damage(gap)).toBe(points);
    for (const frame of lost) finish(frame, { damaged: frame.points });
    for (const frame of hit) frame.isLost = true;
    expect(book.damage(gap)).toBe(0);
  };

const checkpoint: Step = (model, { book }) => {
  const slot = decodeSlot(encodeSlot({ generation: 1, checkpoint: book.checkpoint() }))!;
  model.checkpoints.push({ checkpoint: slot.checkpoint, frames: model.frames.map((frame) => ({ ...frame })) });
};

/** The process dies. What is in the log is found again, from a checkpoint of any age, and some of it is lost. */
const crash = (which: number, losses: readonly boolean[], gapsToldAtOnce: boolean): Step =>
  function crash(model, real) {
    const from = model.checkpoints[which % Math.max(1, model.checkpoints.length)];
    const known = from?.frames.length ?? 0;
    const book = new LaneBook({
      lane: LANE,
      startSeq: 1,
      ...(from === undefined ? {} : { checkpoint: from.checkpoint }),
    });
    for (const [at, frame] of model.frames.entries()) frame.isLost ||= losses[at % losses.length]!;
    let damaged = 0;
    let later = 0;
    const gaps: FrameSummary[] = [];
    model.frames = model.frames.map((frame, at) => {
      const then = from?.frames[at];
      const isOurs = frame.state !== 'not its business' || frame.isLost;
      const now: ModelFrame = { ...frame, ...(then ?? { became: {} }), isLost: frame.isLost };
      const isOpen = then === undefined ? isOurs : !['done', 'not its business'].includes(then.state);
      if (isOpen) now.state = 'pending';
      if (isOpen && frame.isLost) {
        finish(now, { damaged: now.points });
        if (at < known) damaged += now.points;
        else later += now.points;
      }
      return now;
    });
    for (const frame of model.frames) {
      if (!frame.isLost) book.add(frame);
      else if (gapsToldAtOnce) book.damage({ ...frame, fromSeq: frame.seq, toSeq: frame.seq });
      else gaps.push(frame);
    }
    for (const frame of gaps) book.damage({ ...frame, fromSeq: frame.seq, toSeq: frame.seq });
    expect(book.totals.damaged).toBe((from?.checkpoint.totals.damaged ?? 0) + later);
    expect(book.reconcile()).toBe(damaged);
    real.book = book;
    // As the spool does it: what was found is what counts from now on.
    model.checkpoints = [];
    checkpoint(model, real);
  };

const picks = fc.array(fc.boolean(), { minLength: 1, maxLength: 6 });
const steps: Array<fc.Arbitrary<Step>> = [
  fc
    .tuple(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
      fc.constantFrom('all', 'all', 'us', 'others'),
      fc.boolean(),
    )
    .map(([points, forWhom, isNew]) => append(points, forWhom as 'all' | 'us' | 'others', isNew)),
  picks.map(take),
  picks.map(take),
  picks.map(putBack),
  fc.tuple(picks, fc.constantFrom(0, 0.5, 1), fc.boolean(), fc.boolean()).map((args) => settle(...args)),
  picks.map(release),
  picks.map(rewind),
  fc.tuple(fc.nat(9), fc.constantFrom(...EXPIRY_REASONS)).map((args) => expire(...args)),
  picks.map(handOver),
  fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 4 })).map((args) => damage(...args)),
  fc.constant(checkpoint),
  fc
    .tuple(
      fc.nat(9),
      fc.array(
        fc.nat(7).map((die) => die === 0),
        { minLength: 1, maxLength: 30 },
      ),
      fc.boolean(),
    )
    .map((args) => crash(...args)),
];

describe('the book of a lane and a plain array of frames', () => {
  it('agree after every step, in any order of steps', { timeout: 180_000 }, () => {
    const commands = [...steps.slice(0, 1), ...steps].map((arbitrary, at) =>
      arbitrary.map((step) => commandOf(`${step.name} (${at})`, step)),
    );
    fc.assert(
      fc.property(fc.commands(commands, { maxCommands: 60, size: '+1' }), (sequence) => {
        const book = new LaneBook({ lane: LANE, startSeq: 1 });
        book.reconcile();
        fc.modelRun(() => ({ model: new Model(), real: { book } }), sequence);
      }),
      { numRuns: 200 },
    );
  });
});
