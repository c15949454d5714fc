import { describe, expect, it } from 'vitest';
import type { CircuitMove } from './flow/circuit-watch.js';
import { circuitNews } from './news.js';

const NOON = new Date(2026, 10, 22, 12, 0, 5);
const move = (parts: Partial<CircuitMove>): CircuitMove => ({
  type: 'circuit_breaker.state',
  policy: 'targets',
  key: 'flaky',
  from: 'closed',
  to: 'open',
  cause: 'failures',
  ...parts,
});

describe('news of circuits', () => {
  it('tell that one opened, why, and for how long, and that it closed', () => {
    expect(circuitNews(move({ retryAfterMs: 3_000 }), NOON)).toBe(
      '12:00:05 flaky: circuit opened: failures in a row; tried again in 3 s',
    );
    expect(circuitNews(move({ from: 'half-open', to: 'closed', cause: 'recovered' }), NOON)).toBe(
      '12:00:05 flaky: circuit closed: it works again',
    );
  });

  it('leave out how it probes', () => {
    expect(circuitNews(move({ from: 'open', to: 'half-open', cause: 'recovery-timeout' }), NOON)).toBeUndefined();
    expect(circuitNews(move({ from: 'half-open', to: 'open', cause: 'probe-failed' }), NOON)).toBeUndefined();
  });
});
