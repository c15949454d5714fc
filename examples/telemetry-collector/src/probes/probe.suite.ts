import { getEventListeners } from 'node:events';
import { TimeoutError } from '@breakwater/resilience';
import { VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './loopback.suite.js';
import { PROBE_ERROR_CODES, PROBE_KINDS, type Probe, ProbeError, type Reading } from './probe.js';

/** A probe and the other side that it measures. */
export interface Rig {
  readonly probe: Probe;
  /** How often the other side was contacted, look-ups included. */
  contacts(): number;
  /** Connections and look-ups that the other side still has open. */
  open(): number;
  /** Whether the probe has come to the point at which it hangs. Default: it has contacted the other side. */
  stuck?(): boolean;
  close(): Promise<void>;
}

export interface ProbeContract {
  readonly kind: Probe['kind'];
  /** The other side answers. */
  healthy(clock: VirtualClock): Promise<Rig>;
  /** Named ways in which the other side hangs; none for a probe that waits for nobody. */
  readonly hanging: Readonly<Record<string, (clock: VirtualClock) => Promise<Rig>>>;
}

/** What every probe promises. Each probe's test runs it. */
export function describeProbe(contract: ProbeContract): void {
  describe(`${contract.kind} as a probe`, () => {
    let clock: VirtualClock;
    let rig: Rig;
    let caller: AbortController;
    const context = (deadline = Number.POSITIVE_INFINITY) => ({ signal: caller.signal, deadline, attempt: 1 });
    const runAll = (deadline?: number) =>
      rig.probe.operations.map((operation) => operation.run(context(deadline)).then(fulfilled, failed));

    beforeEach(() => {
      clock = new VirtualClock({ nowMs: 1_000 });
      caller = new AbortController();
    });
    afterEach(async () => {
      await rig.probe.close?.();
      await rig.close();
    });

    /** Nothing of the run is left: no timer, no listener, no socket, no handle of any kind. */
    const expectNothingLeft = async (handles: number) => {
      expect(clock.timers).toBe(0);
      expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
      await eventually(() => rig.open() === 0, 'closing at the other side');
      await eventually(() => countHandles() <= handles, 'closing here');
    };

    describe('when the other side answers', () => {
      beforeEach(async () => {
        rig = await contract.healthy(clock);
      });

      it('knows its kind and has named operations', () => {
        expect(PROBE_KINDS).toContain(rig.probe.kind);
        expect(rig.probe.kind).toBe(contract.kind);
        const names = rig.probe.operations.map(({ name }) => name);
        expect(names.length).toBeGreaterThan(0);
        expect(new Set(names).size).toBe(names.length);
        for (const name of names) expect(name).toMatch(/^\w+$/);
      });

      it('gives well-formed readings, time after time', async () => {
        for (let turn = 0; turn < 3; turn++) {
          await clock.advance(10_000);
          for (const outcome of await Promise.all(runAll(clock.now() + 5_000))) {
            expect(outcome.error).toBeUndefined();
            expectWellFormed(outcome.readings);
          }
        }
      });

      it('leaves no timer, listener or socket behind', async () => {
        await Promise.all(runAll(clock.now() + 5_000));
        expect(clock.timers).toBe(0);
        expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
      });

      it('contacts nobody when the caller left before the start', async () => {
        caller.abort();
        for (const outcome of await Promise.all(runAll())) expectError(outcome, 'aborted');
        expect(rig.contacts()).toBe(0);
        expect(clock.timers).toBe(0);
      });

      it('contacts nobody when the deadline has passed before the start', async () => {
        for (const outcome of await Promise.all(runAll(clock.now()))) expectError(outcome, 'timeout');
        expect(rig.contacts()).toBe(0);
        expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
      });
    });

    for (const [stage, start] of Object.entries(contract.hanging)) {
      describe(`when ${stage} hangs`, () => {
        let handles: number;
        let running: ReturnType<typeof runAll>;
        const begin = async (deadline?: number) => {
          running = runAll(deadline);
          await eventually(rig.stuck ?? (() => rig.contacts() > 0), `hanging in ${stage}`);
        };
        beforeEach(async () => {
          rig = await start(clock);
          handles = countHandles();
        });

        it('ends when the caller leaves', async () => {
          await begin();
          caller.abort();
          for (const outcome of await Promise.all(running)) expectError(outcome, 'aborted');
          await expectNothingLeft(handles);
        });

        it('ends at the deadline', async () => {
          await begin(clock.now() + 5_000);
          await clock.advance(5_000);
          for (const outcome of await Promise.all(running)) expectError(outcome, 'timeout');
          await expectNothingLeft(handles);
        });

        it("ends with a timeout when the pipeline's timeout expires", async () => {
          await begin();
          caller.abort(new TimeoutError('timeout', 5_000));
          for (const outcome of await Promise.all(running)) expectError(outcome, 'timeout');
          await expectNothingLeft(handles);
        });

        it('ends with the reason of the caller as the cause', async () => {
          await begin();
          const reason = new Error('no room for what is slow');
          caller.abort(reason);
          for (const outcome of await Promise.all(running)) {
            expectError(outcome, 'aborted');
            expect((outcome.error as ProbeError).cause).toBe(reason);
          }
          await expectNothingLeft(handles);
        });
      });
    }
  });
}

interface Outcome {
  readings: readonly Reading[];
  error: unknown;
}
const fulfilled = (readings: readonly Reading[]): Outcome => ({ readings, error: undefined });
const failed = (error: unknown): Outcome => ({ readings: [], error });

function expectError({ error }: Outcome, code: string): void {
  expect(error).toBeInstanceOf(ProbeError);
  expect(PROBE_ERROR_CODES).toContain((error as ProbeError).code);
  expect((error as ProbeError).code, (error as ProbeError).message).toBe(code);
  expect((error as ProbeError).message).not.toBe('');
}

/** What line protocol can carry, and what a reader can tell apart. */
export function expectWellFormed(readings: readonly Reading[]): void {
  expect(readings.length).toBeGreaterThan(0);
  const series = new Set<string>();
  for (const { measurement, tags, fields } of readings) {
    expect(measurement).not.toBe('');
    for (const [name, value] of Object.entries(tags)) {
      expect(name).not.toBe('');
      expect(value, `tag ${name}`).not.toBe('');
    }
    expect(Object.keys(fields).length, `fields of ${measurement}`).toBeGreaterThan(0);
    for (const [name, value] of Object.entries(fields)) {
      expect(name).not.toBe('');
      if (typeof value === 'number') expect(Number.isFinite(value), `${measurement} ${name} is ${value}`).toBe(true);
    }
    series.add(JSON.stringify([measurement, Object.entries(tags).sort()]));
  }
  expect(series.size, 'two readings with the same name and tags overwrite each other').toBe(readings.length);
}

/** Sockets, look-ups and timers of this process. */
const countHandles = (): number =>
  process.getActiveResourcesInfo().filter((name) => /TCP|UDP|DNS|CARES|GetAddrInfo|Timeout/.test(name)).length;
