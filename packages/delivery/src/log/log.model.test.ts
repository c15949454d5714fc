import { seededRandom, VirtualClock } from '@breakwater/resilience/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FrameSummary } from '../frames/frame.js';
import { ForgetfulDisk } from '../storage/forgetful-disk.suite.js';
import { type Log, openLog } from './log.js';
import { frameOf, readAll, withoutBody } from './log.suite.js';

const DIRECTORY = '/segments';

interface Known {
  readonly text: string;
  readonly points: number;
}

const FALLIBLE = ['write', 'datasync', 'truncate', 'open', 'rename', 'remove', 'syncDirectory'] as const;

/** What happens to the log, one after the other. */
type Step =
  | { readonly kind: 'append'; readonly sizes: readonly number[][] }
  | { readonly kind: 'read'; readonly from: number; readonly maxBytes: number; readonly every: number }
  | { readonly kind: 'remove'; readonly which: number }
  | { readonly kind: 'fail'; readonly operation: (typeof FALLIBLE)[number]; readonly code: string }
  | { readonly kind: 'fill'; readonly bytes: number }
  | { readonly kind: 'mend' }
  | { readonly kind: 'reopen' | 'kill' }
  | { readonly kind: 'crash'; readonly after: number };

const stepOf = (): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('append' as const),
        // Small ones too: a segment that is not full stays the last one for a while.
        sizes: fc.constantFrom(50, 700).chain((max) =>
          fc.array(fc.array(fc.integer({ min: 0, max }), { minLength: 1, maxLength: 3 }), {
            minLength: 1,
            maxLength: 4,
          }),
        ),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('read' as const),
        from: fc.double({ min: 0, max: 1, noNaN: true }),
        maxBytes: fc.integer({ min: 1, max: 3_000 }),
        every: fc.integer({ min: 1, max: 4 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), which: fc.nat(5) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('fail' as const),
        operation: fc.constantFrom(...FALLIBLE),
        code: fc.constantFrom('EIO', 'ENOSPC'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('fill' as const), bytes: fc.nat(1_500) }) },
    { weight: 3, arbitrary: fc.constant({ kind: 'mend' as const }) },
    { weight: 1, arbitrary: fc.constantFrom({ kind: 'reopen' as const }, { kind: 'kill' as const }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('crash' as const), after: fc.nat(14) }) },
  );

/** The log, and beside it what it must hold: a plain map. */
class Rig {
  readonly disk: ForgetfulDisk;
  readonly clock = new VirtualClock();
  readonly known = new Map<number, Known>();
  readonly refused = new Set<string>();
  /** Refused, and found all the same: the disk shows what it may not hold. */
  readonly doubtful = new Set<string>();
  /** Appends that were under way in the crash: there, or not. */
  readonly open = new Map<string, number>();
  /** The disk did not take back what it had refused, and has taken nothing since. */
  mayShowRefused = false;
  committed: FrameSummary[] = [];
  log!: Log;
  /** Who removes a segment has written the numbers down: on a full disk no other may take its place. */
  #noted = {};
  /** The newest segment was removed: on a full disk nothing else holds the total. */
  #mayForgetTotal = false;
  #made = 0;
  #total = 0;

  constructor(seed: number) {
    this.disk = new ForgetfulDisk({ random: seededRandom(seed) });
  }

  async start(): Promise<void> {
    const found: FrameSummary[] = [];
    this.committed = [];
    this.#doubt();
    const before = { seqs: [...this.known.keys()], last: Math.max(0, ...this.known.keys()) };
    this.log = await openLog({
      directory: DIRECTORY,
      segmentBytes: 1_500,
      slot: 's',
      storage: this.disk,
      clock: this.clock,
      ...this.#noted,
      onFrame: (frame) => found.push(frame),
      onCommit: (frames) => this.committed.push(...frames),
    });
    const seqs = found.map(({ seq }) => seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    for (const seq of before.seqs) expect(seqs, 'nothing accepted is missing').toContain(seq);
    const { frames } = await readAll(this.log);
    expect(frames.map(withoutBody)).toEqual(found);
    for (const { seq, body, points } of frames) this.#compare(seq, `${body}`, points);
    const isInGap = (seq: number) => this.log.gaps.some(({ fromSeq, toSeq }) => fromSeq <= seq && seq <= toSeq);
    expect(before.seqs.filter(isInGap), 'no gap hits what was accepted').toEqual([]);
    expect(this.log.nextSeq).toBeGreaterThan(Math.max(before.last, ...seqs));
    if (!this.#mayForgetTotal) expect(this.log.totalPoints).toBeGreaterThanOrEqual(this.#total);
    this.#mayForgetTotal = false;
    this.#total = this.log.totalPoints;
    this.open.clear();
  }

  /** What is in doubt is there, or not. */
  #doubt(): void {
    for (const [seq, { text, points }] of this.known) {
      if (!this.doubtful.has(text)) continue;
      this.known.delete(seq);
      this.open.set(text, points);
      this.#total = 0;
    }
  }

  #compare(seq: number, text: string, points: number): void {
    const known = this.known.get(seq);
    if (known !== undefined) expect([text, points]).toEqual([known.text, known.points]);
    else {
      if (!this.mayShowRefused) expect(this.refused, 'what was refused is not found').not.toContain(text);
      if (!this.refused.has(text)) expect(this.open, 'what is found was offered').toContainEqual([text, points]);
      if (this.refused.delete(text)) this.doubtful.add(text);
      this.known.set(seq, { text, points });
    }
  }

  async append(sizes: readonly number[][]): Promise<void> {
    await Promise.all(
      sizes.map(async (frames) => {
        const offered = frames.map((size, at) => {
          const number = ++this.#made;
          return { text: `${number} `.padEnd(size, 'x'), points: 1 + ((number + at) % 3) };
        });
        try {
          await this.log.append(offered.map(({ text, points }) => frameOf(text, points)));
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_DELIVERY_APPEND' });
          if (this.disk.hasCrashed) for (const { text, points } of offered) this.open.set(text, points);
          else for (const { text } of offered) this.refused.add(text);
          const { truncate, datasync } = this.disk.failing;
          if (truncate !== undefined || datasync !== undefined) this.mayShowRefused = true;
          return;
        }
        this.mayShowRefused = false;
        expect(this.log.closure).toBeUndefined();
        for (const { text, points } of offered) {
          const summary = this.committed.shift()!;
          expect(summary.points).toBe(points);
          this.known.set(summary.seq, { text, points });
          this.#total += points;
        }
      }),
    );
    expect(this.log.totalPoints).toBe(this.#total);
    expect(this.log.nextSeq).toBeGreaterThan(Math.max(0, ...this.known.keys()));
  }

  async read(from: number, maxBytes: number, every: number): Promise<void> {
    const fromSeq = Math.max(1, Math.floor(from * this.log.nextSeq));
    const wanted = (seq: number) => seq % every === 0;
    const result = await this.log.read(fromSeq, { maxBytes, maxFrames: 5, wanted });
    const expected = [...this.known].filter(([seq]) => seq >= fromSeq && wanted(seq)).sort(([a], [b]) => a - b);
    expect(result.frames.map(({ seq, body }) => [seq, `${body}`])).toEqual(
      expected.slice(0, result.frames.length).map(([seq, { text }]) => [seq, text]),
    );
    const next = expected[result.frames.length]?.[0] ?? Math.max(fromSeq, this.log.nextSeq);
    expect(result.nextSeq).toBeLessThanOrEqual(next);
    // Damage behind the last frame that had room shows in the next reading.
    if (result.frames.length === 0) expect(result.nextSeq).toBe(next);
    else expect(result.nextSeq).toBeGreaterThan(result.frames.at(-1)!.seq);
  }

  async remove(which: number): Promise<void> {
    const segments = this.log.segments();
    const segment = segments[which % Math.max(1, segments.length)];
    if (segment === undefined) return;
    this.#noted = { minNextSeq: this.log.nextSeq };
    this.#mayForgetTotal ||= segment === segments.at(-1);
    // Nobody needs it: from here on it may be there or not.
    const inIt = [...this.known].filter(([seq]) => seq >= segment.id && seq <= segment.lastSeq);
    for (const [seq, { text, points }] of inIt) {
      this.open.set(text, points);
      this.known.delete(seq);
    }
    await this.log.remove(segment.id).then(
      () => this.open.clear(),
      (error: unknown) => error,
    );
    if (!this.disk.hasCrashed && this.log.segments().some(({ id }) => id === segment.id)) {
      for (const [seq, known] of inIt) this.known.set(seq, known);
    }
  }

  async restart(): Promise<void> {
    if (this.disk.hasCrashed) this.disk.restart();
    else this.disk.kill();
    this.disk.failing = {};
    this.disk.capacity = Number.POSITIVE_INFINITY;
    await this.start();
  }
}

async function run(seed: number, steps: readonly Step[]): Promise<void> {
  const rig = new Rig(seed);
  await rig.start();
  for (const step of steps) {
    if (step.kind === 'append') await rig.append(step.sizes);
    else if (step.kind === 'read') await rig.read(step.from, step.maxBytes, step.every);
    else if (step.kind === 'remove') await rig.remove(step.which);
    else if (step.kind === 'fail') rig.disk.failing[step.operation] = step.code;
    else if (step.kind === 'fill')
      rig.disk.capacity = [...rig.disk.files().values()].reduce((sum, { length }) => sum + length, step.bytes);
    else if (step.kind === 'mend') {
      rig.disk.failing = {};
      rig.disk.capacity = Number.POSITIVE_INFINITY;
      rig.clock.stall(1_000);
    } else if (step.kind === 'crash') rig.disk.crashBefore(step.after);
    else if (step.kind === 'kill') await rig.restart();
    else {
      await rig.log.close().catch((error: unknown) => error);
      await rig.restart();
    }
    if (rig.disk.hasCrashed) await rig.restart();
  }
  await rig.restart();
}

describe('Log, against a plain map', () => {
  it('holds what it accepted and nothing that it refused, whatever fails and whenever it crashes', async () => {
    await fc.assert(fc.asyncProperty(fc.nat(1_000_000), fc.array(stepOf(), { maxLength: 40, size: 'max' }), run), {
      numRuns: 60,
    });
  }, 180_000);

  it('does so with a crash before any operation of a life with every kind of step', async () => {
    const life: Step[] = [
      { kind: 'append', sizes: [[600], [300, 300]] },
      { kind: 'append', sizes: [[900]] },
      { kind: 'remove', which: 0 },
      { kind: 'fail', operation: 'datasync', code: 'EIO' },
      { kind: 'append', sizes: [[700]] },
      { kind: 'mend' },
      { kind: 'append', sizes: [[10], [20]] },
      { kind: 'remove', which: 1 },
      { kind: 'append', sizes: [[30]] },
    ];
    for (let after = 0; after < 50; after++) {
      for (let seed = 1; seed <= 4; seed++) await run(seed, [{ kind: 'crash', after }, ...life, { kind: 'reopen' }]);
    }
  }, 180_000);
});
