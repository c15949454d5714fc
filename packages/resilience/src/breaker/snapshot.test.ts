import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.js';
import { VirtualClock } from '../testing/virtual-clock.js';
import { Closed } from './closed.js';
import { Disabled } from './disabled.js';
import { HalfOpen } from './half-open.js';
import { Isolated } from './isolated.js';
import { Open } from './open.js';
import { circuitSettings } from './settings.js';
import { readKeyedSnapshot, readSnapshot, restoredState, takeSnapshot } from './snapshot.js';

const settings = circuitSettings({ recoveryTimeoutMs: 1_000, maxRecoveryTimeoutMs: 5_000 }, 'test');
const WALL_MS = 1_700_000_000_000;
const clockAt = (nowMs: number, wallMs = WALL_MS) => new VirtualClock({ nowMs, wallMs });
const openFor = (openMs: number) => new Open('probe-failed', 400, 400 + openMs, 3);

const openSnapshot = {
  version: 1,
  state: 'open',
  cause: 'probe-failed',
  openedAt: WALL_MS - 100,
  openMs: 1_000,
  attempts: 3,
} as const;

describe('takeSnapshot', () => {
  it('says how many failures a closed circuit has seen in a row', () => {
    expect(takeSnapshot(new Closed(settings, undefined, 4), clockAt(0))).toEqual({
      version: 1,
      state: 'closed',
      failures: 4,
    });
  });

  it('says by the wall clock when an open circuit opened', () => {
    expect(takeSnapshot(openFor(1_000), clockAt(500))).toEqual(openSnapshot);
  });

  it('exports half-open as the open state whose time is up', () => {
    const halfOpen = new HalfOpen(settings, openFor(1_000));
    expect(takeSnapshot(halfOpen, clockAt(1_500))).toEqual({ ...openSnapshot, openedAt: WALL_MS - 1_100 });
  });

  it('says what is isolated or disabled', () => {
    expect(takeSnapshot(new Isolated(), clockAt(0))).toEqual({ version: 1, state: 'isolated' });
    expect(takeSnapshot(new Disabled(), clockAt(0))).toEqual({ version: 1, state: 'disabled' });
  });

  it('has whole milliseconds', () => {
    expect(takeSnapshot(openFor(1_000), clockAt(500.3))).toEqual({ ...openSnapshot, openedAt: WALL_MS - 100 });
  });
});

describe('restoredState', () => {
  it.each([
    { version: 1, state: 'closed', failures: 4 } as const,
    openSnapshot,
    { version: 1, state: 'isolated' } as const,
    { version: 1, state: 'disabled' } as const,
  ])('is what %j was taken from, through JSON too', (snapshot) => {
    const clock = clockAt(500);
    const read = readSnapshot('test', JSON.parse(JSON.stringify(snapshot)));
    expect(takeSnapshot(restoredState(read, settings, clock), clock)).toEqual(snapshot);
  });

  it('lets the time pass that passed between the processes', () => {
    const state = restoredState(openSnapshot, settings, clockAt(7, WALL_MS + 600));
    expect(state).toBeInstanceOf(Open);
    expect((state as Open).retryAfterMs(7)).toBe(300);
    expect(state.due(306)).toBeUndefined();
    expect(state.due(307)).toBe('recovery-timeout');
  });

  it('is due at once when its time was up already', () => {
    expect(restoredState(openSnapshot, settings, clockAt(7, WALL_MS + 9_999)).due(7)).toBe('recovery-timeout');
  });

  it('is open for its whole time, not longer, when the wall clock was set back', () => {
    const state = restoredState(openSnapshot, settings, clockAt(7, WALL_MS - 3_600_000)) as Open;
    expect(state.retryAfterMs(7)).toBe(1_000);
  });

  it('is open for no longer than the settings allow', () => {
    const state = restoredState({ ...openSnapshot, openMs: 1e12 }, settings, clockAt(7)) as Open;
    expect(state.retryAfterMs(7)).toBe(4_900);
  });

  it('trips after the failures that were left', () => {
    const state = restoredState({ version: 1, state: 'closed', failures: 4 }, settings, clockAt(0));
    expect(state.failure(0, false)).toBe('failures');
  });
});

describe('readSnapshot', () => {
  it.each([
    [undefined, 'the snapshot is no object'],
    [null, 'the snapshot is no object'],
    ['{}', 'the snapshot is no object'],
    [{}, "the snapshot's version is undefined, not 1"],
    [{ version: 2, state: 'closed', failures: 0 }, "the snapshot's version is 2, not 1"],
    [{ version: 1 }, "the snapshot's state is undefined, not closed, open, isolated or disabled"],
    [{ version: 1, state: 'half-open' }, "the snapshot's state is half-open, not closed, open, isolated or disabled"],
    [{ version: 1, state: {} }, "the snapshot's state is an object, not closed, open, isolated or disabled"],
    [
      { version: 1, state: 'x'.repeat(100) },
      `the snapshot's state is ${'x'.repeat(40)}, not closed, open, isolated or disabled`,
    ],
    [{ version: 1, state: 'closed' }, "the snapshot's failures is undefined, not a whole number of at least 0"],
    [{ version: 1, state: 'closed', failures: -1 }, "the snapshot's failures is -1, not a whole number of at least 0"],
    [
      { version: 1, state: 'closed', failures: 0.5 },
      "the snapshot's failures is 0.5, not a whole number of at least 0",
    ],
    [{ ...openSnapshot, attempts: 0 }, "the snapshot's attempts is 0, not a whole number of at least 1"],
    [{ ...openSnapshot, attempts: '1' }, "the snapshot's attempts is 1, not a whole number of at least 1"],
    [{ ...openSnapshot, openedAt: '0' }, "the snapshot's openedAt is 0, not milliseconds"],
    [{ ...openSnapshot, openedAt: Number.NaN }, "the snapshot's openedAt is NaN, not milliseconds"],
    [{ ...openSnapshot, openMs: -1 }, "the snapshot's openMs is -1, not milliseconds"],
    [{ ...openSnapshot, openMs: Number.POSITIVE_INFINITY }, "the snapshot's openMs is Infinity, not milliseconds"],
    [
      { ...openSnapshot, cause: 'toString' },
      "the snapshot's cause is toString, not one of failures, failure-rate, slow-rate, probe-failed, probe-slow, probe-timeout, hint",
    ],
    [
      { ...openSnapshot, cause: ['failures'] },
      "the snapshot's cause is an object, not one of failures, failure-rate, slow-rate, probe-failed, probe-slow, probe-timeout, hint",
    ],
    [
      { ...openSnapshot, cause: 7 },
      "the snapshot's cause is 7, not one of failures, failure-rate, slow-rate, probe-failed, probe-slow, probe-timeout, hint",
    ],
  ])('refuses %j', (input, message) => {
    expect(() => readSnapshot('test', input)).toThrow(
      new ConfigError(`test: ${message}; pass what snapshot() returned`),
    );
  });

  it('takes the ends of its ranges', () => {
    expect(readSnapshot('test', { version: 1, state: 'closed', failures: 0 })).toMatchObject({ failures: 0 });
    const least = { ...openSnapshot, openedAt: 0, openMs: 0, attempts: 1 };
    expect(readSnapshot('test', least)).toEqual(least);
  });

  it('keeps nothing that it does not know', () => {
    expect(readSnapshot('test', { version: 1, state: 'isolated', by: 'me' })).toEqual({
      version: 1,
      state: 'isolated',
    });
  });
});

describe('readKeyedSnapshot', () => {
  it('reads each circuit', () => {
    const circuits = [
      ['a', openSnapshot],
      ['__proto__', { version: 1, state: 'isolated' }],
    ];
    expect(readKeyedSnapshot('test', JSON.parse(JSON.stringify({ version: 1, circuits })))).toEqual(circuits);
  });

  it.each([[undefined], [null], [7], [{}], [{ version: 2, circuits: [] }], [{ version: 1, circuits: {} }]])(
    'refuses %j',
    (input) => {
      expect(() => readKeyedSnapshot('test', input)).toThrow(
        new ConfigError('test: this is no keyed snapshot of version 1; pass what snapshot() returned'),
      );
    },
  );

  it('refuses a key that is no string', () => {
    expect(() => readKeyedSnapshot('test', { version: 1, circuits: [[7, openSnapshot]] })).toThrow(
      new ConfigError('test: the snapshot has a circuit whose key is 7, not a string'),
    );
    expect(() => readKeyedSnapshot('test', { version: 1, circuits: [null] })).toThrow(
      new ConfigError('test: the snapshot has a circuit whose key is undefined, not a string'),
    );
  });

  it('names the key whose circuit is wrong', () => {
    expect(() => readKeyedSnapshot('test', { version: 1, circuits: [['web-1', {}]] })).toThrow(
      new ConfigError('test, key "web-1": the snapshot\'s version is undefined, not 1; pass what snapshot() returned'),
    );
  });
});
