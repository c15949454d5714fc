import { VirtualClock } from '@breakwater/resilience/testing';
import { describe } from 'vitest';
import { MemoryLimit } from './memory-store.js';
import { HOLD_MS, itCountsPermits, SETTLE_MS } from './permit-store.suite.js';

const NOW_MS = 1_000_000;

describe.each([
  ['that has run for long', 0, SETTLE_MS],
  ['that was started a moment ago', NOW_MS - 100, HOLD_MS + SETTLE_MS - 100],
  ['that was just started', NOW_MS, HOLD_MS + SETTLE_MS],
])('a limit in a memory %s', (_, startedMs, closedMs) => {
  itCountsPermits(async () => {
    const clock = new VirtualClock({ nowMs: NOW_MS });
    const limit = new MemoryLimit({ clock, settleMs: SETTLE_MS, startedMs });
    return {
      closedMs,
      open: (user) => limit.store(user),
      pass: (ms) => clock.advance(ms),
      wipe: async () => limit.forgetAll(),
      end: async () => {},
    };
  });
});
