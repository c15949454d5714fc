import { beforeEach, describe, expect, it } from 'vitest';
import type { DeliveryReport } from './delivery/delivery.js';
import { exitCode } from './exit-code.js';
import type { DrainReport } from './service.js';

const A = 'http://a:8086';
const B = 'http://b:8086';

describe('the exit code', () => {
  let said: Array<readonly [level: string, message: string]>;
  beforeEach(() => {
    said = [];
  });
  const write = (level: string) => (first: unknown, message?: string) =>
    void said.push([level, message ?? String(first)]);
  const log = { info: write('info'), warn: write('warn'), error: write('error') } as unknown as Parameters<
    typeof exitCode
  >[1];
  const report = (delivery?: Partial<DeliveryReport>, turns: Partial<DrainReport> = {}): DrainReport => ({
    abortedTurns: 0,
    lostLines: 0,
    ...turns,
    delivery: delivery && {
      left: new Map(),
      leftPoints: 0,
      handedOverPoints: 0,
      directory: '/spool/slot-1',
      wasToHandOver: false,
      ...delivery,
    },
  });
  const LEFT = {
    left: new Map([
      [A, 0],
      [B, 1_234],
    ]),
    leftPoints: 1_234,
  };

  it('is 0 when nothing was given up', () => {
    expect(exitCode(report(), log)).toBe(0);
    expect(exitCode(report({}), log)).toBe(0);
    expect(said).toEqual([
      ['info', 'drained'],
      ['info', 'drained'],
    ]);
  });

  it('is 1 when turns or lines were given up, and says how many', () => {
    expect(exitCode(report(undefined, { abortedTurns: 1, lostLines: 2 }), log)).toBe(1);
    expect(said).toEqual([['error', 'gave up 1 turn and 2 lines to stop in time']]);
  });

  it('is 0 when points stay in the log, and says how many, for whom and where', () => {
    expect(exitCode(report(LEFT), log)).toBe(0);
    expect(said).toEqual([
      ['warn', `what waits in /spool/slot-1 is delivered at the next start with that folder (${B}: 1,234)`],
      ['info', 'drained'],
    ]);
  });

  it('is 1 when points stay in the log that were to be handed over', () => {
    expect(exitCode(report({ ...LEFT, handedOverPoints: 7, wasToHandOver: true }), log)).toBe(1);
    expect(said).toEqual([
      ['info', 'handed over 7 points'],
      [
        'error',
        `could not hand over what waits in /spool/slot-1 (${B}: 1,234); keep that folder, and start again with it`,
      ],
    ]);
  });
});
