import { VirtualClock } from '@breakwater/resilience/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { contextOf, describeSink, errorOf, linesBy, someLines } from '../sink.suite.js';
import { DeliverySink } from './delivery-sink.js';
import { MemoryIntake } from './memory-intake.suite.js';

const DESTINATION = { org: 'harbour', bucket: 'telemetry' };

describeSink('the way into the log', async () => {
  const clock = new VirtualClock();
  const intake = new MemoryIntake();
  return {
    sink: new DeliverySink({ intake, destination: DESTINATION, clock }),
    stored: async () => intake.stored,
    damage: () => intake.close('disk-full'),
    mend: () => {
      intake.closure = undefined;
    },
    impatient: () => {
      const caller = new AbortController();
      setImmediate(() => caller.abort());
      return contextOf({ signal: caller.signal });
    },
    dispose: async () => {},
  };
});

describe('the way into the log', () => {
  let clock: VirtualClock;
  let intake: MemoryIntake;
  let sink: DeliverySink;
  let notices: string[];
  beforeEach(() => {
    clock = new VirtualClock();
    intake = new MemoryIntake();
    notices = [];
    sink = new DeliverySink({ intake, destination: DESTINATION, clock, onNotice: (notice) => notices.push(notice) });
  });

  it('offers lines for every lane, to the bucket of the configuration', async () => {
    await sink.write(someLines(3), contextOf());
    expect(intake.offers).toMatchObject([{ destination: DESTINATION }]);
    expect(intake.offers[0]).not.toHaveProperty('lanes');
  });

  it.each(['log-full', 'disk-full', 'disk-failed', 'overloaded'] as const)(
    'waits while the way in is closed for %s, and offers nothing meanwhile',
    async (reason) => {
      intake.close(reason);
      const writing = sink.write(someLines(4), contextOf());
      await clock.advance(60_000);
      expect(linesBy(sink)).toEqual({ written: 0, refused: 0, lost: 0, pending: 4 });
      expect(intake.refused.size).toBe(0);
      intake.closure = undefined;
      await clock.advance(1_000);
      await writing;
      expect(intake.stored).toEqual(someLines(4));
      expect(linesBy(sink)).toEqual({ written: 4, refused: 0, lost: 0, pending: 0 });
    },
  );

  it('tries again when it was refused in passing, and counts the lines once', async () => {
    intake.failures.push('overloaded', 'log-full');
    const writing = sink.write(someLines(4), contextOf());
    await clock.advance(2_000);
    await writing;
    expect(intake.stored).toEqual(someLines(4));
    expect(linesBy(sink)).toEqual({ written: 4, refused: 0, lost: 0, pending: 0 });
  });

  it.each([
    ['log-full', 'log-full'],
    ['disk-full', 'disk-full'],
    ['disk-failed', 'disk'],
  ] as const)('says why it waited when its time is up: %s', async (reason, lost) => {
    intake.close(reason);
    const writing = errorOf(sink.write(someLines(2), contextOf({ deadline: clock.now() + 5_000 })));
    await clock.advance(5_000);
    expect(await writing).toMatchObject({ sink: 'delivery', reason: lost, lines: 2 });
    intake.closure = undefined;
    await clock.advance(60_000);
    expect(intake.stored).toEqual([]);
  });

  it('does not wait for a disk that hangs, and counts no line twice when it comes back', async () => {
    let release = () => {};
    intake.disk = new Promise((resolve) => {
      release = resolve;
    });
    const writing = errorOf(sink.write(someLines(2), contextOf({ deadline: clock.now() + 5_000 })));
    await clock.advance(5_000);
    expect((await writing).reason).toBe('timeout');
    release();
    await clock.advance(0);
    expect(linesBy(sink)).toEqual({ written: 0, refused: 0, lost: 2, pending: 0 });
  });

  it('does not wait for a log that is closed for good', async () => {
    intake.close('shutdown');
    expect((await errorOf(sink.write(someLines(2), contextOf()))).reason).toBe('closed');
  });

  it('gives up at once what the log will never take', async () => {
    intake.failures.push('too-large');
    expect((await errorOf(sink.write(someLines(2), contextOf()))).reason).toBe('refused');
  });

  it('leaves out a line that is none, and says so', async () => {
    const lines = someLines(5);
    const broken = [...lines.slice(0, 2), 'cpu value= 1', ...lines.slice(2)];
    await sink.write(broken, contextOf());
    expect(intake.stored).toEqual(lines);
    expect(linesBy(sink)).toEqual({ written: 5, refused: 1, lost: 0, pending: 0 });
    expect(intake.refused.get('malformed')).toBe(1);
    expect(notices).toEqual([expect.stringMatching(/^delivery: 1 of 6 lines are no line protocol: line 3, column /)]);
  });

  it('has nothing to store when every line is bad', async () => {
    await sink.write(['x', 'y'], contextOf());
    expect(intake.offers).toEqual([]);
    expect(linesBy(sink)).toEqual({ written: 0, refused: 2, lost: 0, pending: 0 });
  });
});
