import { seededRandom } from '@breakwater/resilience/testing';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { openLog } from '../log/log.js';
import { ForgetfulDisk } from '../storage/forgetful-disk.suite.js';
import { IntakeAccount } from './account.js';
import { type IntakeClosure, IntakeError, type Offer } from './intake.js';
import { LogIntake } from './log-intake.js';
import { GatedLog } from './memory-log.suite.js';

const DESTINATION = { org: '', bucket: 'telemetry' };
const A = 'http://a:8086';

const piece = (points: number) => ({ body: Buffer.from('m v=1i 1\n'.repeat(points)), points });
const offer = (points: number, more: Partial<Offer> = {}): Offer => ({
  lines: [piece(points)],
  destination: DESTINATION,
  ...more,
});
const refusal = async (accepting: Promise<void>): Promise<IntakeError | undefined> => {
  const error: unknown = await accepting.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error !== undefined && !(error instanceof IntakeError)) throw error;
  return error;
};

describe('the intake of a log', () => {
  let account: IntakeAccount;
  let log: GatedLog;
  let intake: LogIntake;
  let full: IntakeClosure | undefined;
  let changes: Array<string | undefined>;

  const expectBalance = () => {
    const { offered, accepted, entering, refused } = account.totals;
    expect(offered).toBe(accepted + entering + [...refused.values()].reduce((sum, points) => sum + points, 0));
  };

  beforeEach(() => {
    account = new IntakeAccount();
    full = undefined;
    changes = [];
    log = new GatedLog((frames) => {
      for (const { points } of frames) account.accept(points);
      expectBalance();
    });
    const onChange = (closure: IntakeClosure | undefined) => changes.push(closure?.reason);
    intake = new LogIntake({ log, account, lanes: [A], maxBytes: 100_000_000, full: () => full, onChange });
  });

  it('says too-large of what the log finds too large for a frame: it would never be taken', async () => {
    const disk = new ForgetfulDisk({ random: seededRandom(1) });
    const real = await openLog({ directory: '/segments', segmentBytes: 1_000_000, slot: 'slot-1', storage: disk });
    intake = new LogIntake({ log: real, account, lanes: [A], maxBytes: 1e9, full: () => full, onChange: () => {} });
    const bucket = 'b'.repeat(64 * 1024);
    const refused = await refusal(intake.accept(offer(3, { destination: { org: '', bucket } })));
    expect(refused).toMatchObject({ reason: 'too-large', retryAfterMs: undefined });
    expect(account.totals.refused.get('too-large')).toBe(3);
    expectBalance();
    await real.close();
  });

  it('accepts when the points are on disk, not before', async () => {
    let isAccepted = false;
    const accepting = intake.accept(offer(3)).then(() => {
      isAccepted = true;
    });
    await Promise.resolve();
    expect(isAccepted).toBe(false);
    expect(account.totals).toMatchObject({ offered: 3, accepted: 0, entering: 3 });
    log.commit();
    await accepting;
    expect(account.totals).toMatchObject({ offered: 3, accepted: 3, entering: 0 });
  });

  it('carries destination and lanes to every frame', async () => {
    const accepting = intake.accept({ ...offer(1), lines: [piece(1), piece(2)], lanes: [A] });
    log.commit();
    await accepting;
    expect(log.appended.map(({ points, meta }) => [points, meta.destination, meta.lanes])).toEqual([
      [1, DESTINATION, [A]],
      [2, DESTINATION, [A]],
    ]);
  });

  it('stays open for others when a batch of unusual size finds no room', async () => {
    const closure = { reason: 'log-full', message: 'full', retryAfterMs: 2_000 } as const;
    let room = 2_000_000;
    const roomy = new LogIntake({
      log,
      account,
      lanes: [A],
      maxBytes: 10_000_000,
      full: (bytes) => (bytes > room ? closure : undefined),
      onChange: () => {},
    });
    expect(await refusal(roomy.accept(offer(500_000)))).toMatchObject({ reason: 'log-full' });
    expect(roomy.closure).toBeUndefined();
    expect(await refusal(roomy.accept(offer(2_000_000)))).toMatchObject({ reason: 'too-large' });
    expect(roomy.closure).toBeUndefined();
    room = 500_000;
    expect(roomy.closure).toEqual(closure);
    expectBalance();
  });

  it('has nothing to do for no points', async () => {
    await intake.accept({ lines: [], destination: DESTINATION });
    expect(account.totals.offered).toBe(0);
  });

  it.each([
    ['disk-full', 'disk-full'],
    ['disk-failed', 'disk-failed'],
    ['closed', 'shutdown'],
  ] as const)('refuses when the log says %s: %s', async (closure, reason) => {
    const accepting = intake.accept(offer(4));
    log.fail(closure);
    expect((await refusal(accepting))?.reason).toBe(reason);
    expect(account.totals.refused.get(reason)).toBe(4);
    expectBalance();
  });

  it('asks a log whose disk was full, since nobody else would', async () => {
    log.closure = 'disk-full';
    expect(intake.closure?.reason).toBe('disk-full');
    intake.look();
    const accepting = intake.accept(offer(1));
    log.closure = undefined;
    log.commit();
    await accepting;
    expect(intake.closure).toBeUndefined();
    intake.look();
    intake.look();
    expect(changes).toEqual(['disk-full', undefined]);
  });

  it('refuses lanes that it does not have, and names them', async () => {
    const error = await refusal(intake.accept(offer(1, { lanes: [A, 'http://c:8086'] })));
    expect(error?.reason).toBe('unknown-lane');
    expect(error?.message).toContain('http://c:8086');
  });

  it('refuses for a caller that has left, when there is no room, and when it is shut', async () => {
    expect((await refusal(intake.accept(offer(1, { signal: AbortSignal.abort() }))))?.reason).toBe('aborted');
    full = { reason: 'log-full', message: 'full', retryAfterMs: 2_000 };
    expect(await refusal(intake.accept(offer(1)))).toMatchObject({ reason: 'log-full', retryAfterMs: 2_000 });
    intake.shut();
    expect((await refusal(intake.accept(offer(1))))?.reason).toBe('shutdown');
    expect(log.appended).toEqual([]);
    expectBalance();
  });

  it('bounds what is on its way to the disk', async () => {
    const large = { body: Buffer.alloc(40 * 1024 * 1024), points: 1 };
    const first = intake.accept({ lines: [large], destination: DESTINATION });
    expect((await refusal(intake.accept({ lines: [large], destination: DESTINATION })))?.reason).toBe('overloaded');
    log.commit();
    await first;
    const second = intake.accept({ lines: [large], destination: DESTINATION });
    log.commit();
    await second;
  });

  it('balances at every instant, whatever the disk does', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('offer' as const), points: fc.integer({ min: 0, max: 9 }) }),
      fc.record({ do: fc.constantFrom('commit' as const, 'fail' as const, 'refuse' as const), points: fc.nat(5) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const offers: Array<Promise<unknown>> = [];
        for (const { do: what, points } of steps) {
          if (what === 'offer') offers.push(refusal(intake.accept(offer(points))));
          else if (what === 'commit') log.commit();
          else if (what === 'fail') log.fail('disk-full');
          else intake.refuse('malformed', points);
          await Promise.resolve();
          expectBalance();
        }
        log.commit();
        await Promise.all(offers);
        expect(account.totals.entering).toBe(0);
        expectBalance();
      }),
      { numRuns: 200 },
    );
  });
});
