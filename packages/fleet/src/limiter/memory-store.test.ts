import { VirtualClock } from '@breakwater/resilience/testing';
import { describe } from 'vitest';
import { MemoryLimit } from './memory-store.js';
import { itCountsPermits, SETTLE_MS } from './permit-store.suite.js';

describe('a limit in memory', () => {
  itCountsPermits(async () => {
    const clock = new VirtualClock({ nowMs: 1_000_000 });
    const limit = new MemoryLimit({ clock, settleMs: SETTLE_MS });
    return {
      open: (user) => limit.store(user),
      pass: (ms) => clock.advance(ms),
      wipe: async () => limit.wipe(),
      end: async () => {},
    };
  });
});
