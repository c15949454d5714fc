import { VirtualClock } from '@breakwater/resilience/testing';
import { describe, expect, it } from 'vitest';
import { TurnTimeouts } from './turn-timeouts.js';

describe('the timeouts of turns', () => {
  it('are one policy for each length of time', () => {
    const timeouts = new TurnTimeouts(new VirtualClock());
    expect(timeouts.of(5_000)).toBe(timeouts.of(5_000));
    expect(timeouts.of(5_000)).not.toBe(timeouts.of(900));
    expect(timeouts.of(900).timeoutMs).toBe(900);
  });

  it('are measured as one', async () => {
    const clock = new VirtualClock();
    const timeouts = new TurnTimeouts(clock);
    for (const ms of [100, 100, 200]) {
      timeouts
        .of(ms)
        .execute(() => new Promise(() => {}))
        .catch(() => {});
    }
    await clock.advance(200);
    const values = new Map<string, number>();
    timeouts.measure(({ name }, labels, value) =>
      values.set(`${name} ${Object.values(labels).join(' ')}`, value as number),
    );
    expect(values.get('timeout_expired_total probe no')).toBe(3);
    expect(values.get('timeout_operations_running_on probe')).toBe(3);
  });
});
