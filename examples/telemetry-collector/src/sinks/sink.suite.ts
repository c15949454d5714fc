import type { Context, Labels, MetricDefinition } from '@breakwater/resilience';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Sink } from './sink.js';
import { SinkError } from './sink-error.js';

/** A sink with what a test needs around it. */
export interface SinkRig {
  readonly sink: Sink;
  /** The lines that the backend has now, in any order. */
  stored(): Promise<string[]>;
  /** Makes the backend fail until `mend`. */
  damage(): void;
  mend(): void;
  /** The context of a write while its backend fails: of a sink that waits for it, one that ends. */
  impatient?(): Context;
  /** Gives up everything, the sink too. */
  dispose(): Promise<void>;
}

export function contextOf({
  signal = new AbortController().signal,
  deadline = Number.POSITIVE_INFINITY,
} = {}): Context {
  return { signal, deadline, attempt: 1 };
}

/** A few points with what is awkward in line protocol; none can be mistaken for another. */
export const someLines = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => {
    const number = from + index;
    return `cpu,core=${number},site=f\\ r\\,a\\=1 used=0.5,text="say \\"hi\\" \u{1f4a1} ${number}",count=${number}i ${1_763_784_000_000_000_000n + BigInt(number)}`;
  });

/** The values of a sink's metrics, by name and labels; each is checked against its definition. */
export function metricsOf(sink: Sink): Map<string, number> {
  const values = new Map<string, number>();
  sink.measure((definition, labels, value) => {
    expectBounded(definition, labels);
    if (typeof value === 'number') values.set(`${definition.name} ${Object.values(labels).join(' ')}`.trim(), value);
  });
  return values;
}

function expectBounded(definition: MetricDefinition, labels: Labels): void {
  expect(Object.keys(labels).sort()).toEqual(Object.keys(definition.labels).sort());
  for (const [label, allowed] of Object.entries(definition.labels)) {
    if (Array.isArray(allowed)) expect(allowed).toContain(labels[label]);
  }
}

/** Lines by outcome: written, refused, lost, pending. */
export function linesBy(sink: Sink): Record<string, number> {
  const sums: Record<string, number> = { written: 0, refused: 0, lost: 0, pending: 0 };
  for (const [name, value] of metricsOf(sink)) {
    const outcome = / (written|refused|lost) [a-z-]+$/.exec(name)?.[1];
    if (outcome !== undefined) sums[outcome]! += value;
    if (name.startsWith('telemetry_sink_pending_lines')) sums['pending']! += value;
  }
  return sums;
}

export async function errorOf(write: Promise<void>): Promise<SinkError> {
  const error: unknown = await write.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof SinkError) return error;
  throw new Error(`no SinkError but ${String(error)}`);
}

/** What every sink does. */
export function describeSink(what: string, open: () => Promise<SinkRig>): void {
  describe(`${what} as a sink`, () => {
    let rig: SinkRig;
    beforeEach(async () => {
      rig = await open();
    });
    afterEach(() => rig.dispose());

    it('stores what it was given, every line whole and once', async () => {
      const lines = someLines(200);
      await rig.sink.write(lines, contextOf());
      expect((await rig.stored()).sort()).toEqual(lines.sort());
    });

    it('has stored the lines when a write resolves', async () => {
      for (let turn = 0; turn < 5; turn++) {
        const lines = someLines(3, turn * 3);
        await rig.sink.write(lines, contextOf());
        expect(await rig.stored()).toEqual(expect.arrayContaining(lines));
      }
    });

    it('takes many writes at once', async () => {
      const writes = Array.from({ length: 50 }, (_, index) => someLines(4, index * 4));
      await Promise.all(writes.map((lines) => rig.sink.write(lines, contextOf())));
      expect((await rig.stored()).sort()).toEqual(writes.flat().sort());
    });

    it('has nothing to do for no lines', async () => {
      await rig.sink.write([], contextOf());
      expect(await rig.stored()).toEqual([]);
      expect(linesBy(rig.sink)).toEqual({ written: 0, refused: 0, lost: 0, pending: 0 });
    });

    it('refuses to begin for a caller that has left', async () => {
      const { reason } = await errorOf(rig.sink.write(someLines(2), contextOf({ signal: AbortSignal.abort() })));
      expect(reason).toBe('aborted');
      expect(await rig.stored()).toEqual([]);
    });

    it('finishes what it was given before it closes, closes twice, and takes nothing afterwards', async () => {
      const lines = someLines(20);
      const written = rig.sink.write(lines, contextOf());
      const closed = rig.sink.close();
      await written;
      await closed;
      await rig.sink.close();
      expect((await rig.stored()).sort()).toEqual(lines.sort());
      expect((await errorOf(rig.sink.write(someLines(1), contextOf()))).reason).toBe('closed');
    });

    it('says which lines were lost when its backend fails, and goes on when that is mended', async () => {
      await rig.sink.write(someLines(3), contextOf());
      rig.damage();
      const error = await errorOf(rig.sink.write(someLines(5, 3), rig.impatient?.() ?? contextOf()));
      expect(error.lines).toBe(5);
      rig.mend();
      await rig.sink.write(someLines(2, 8), contextOf());
      expect((await rig.stored()).sort()).toEqual([...someLines(3), ...someLines(2, 8)].sort());
    });

    it('accounts for every line', async () => {
      await rig.sink.write(someLines(7), contextOf());
      rig.damage();
      await errorOf(rig.sink.write(someLines(5, 7), rig.impatient?.() ?? contextOf()));
      rig.mend();
      await errorOf(rig.sink.write(someLines(3, 12), contextOf({ signal: AbortSignal.abort() })));
      const closing = Promise.all([rig.sink.write(someLines(2, 15), contextOf()), rig.sink.close()]);
      expect(linesBy(rig.sink)).toMatchObject({ written: 7, lost: 8 });
      expect(linesBy(rig.sink)['pending']).toBe(2);
      await closing;
      await errorOf(rig.sink.write(someLines(1), contextOf()));
      expect(linesBy(rig.sink)).toEqual({ written: 9, refused: 0, lost: 9, pending: 0 });
    });
  });
}
