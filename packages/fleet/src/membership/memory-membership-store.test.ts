import { VirtualClock } from '@breakwater/resilience/testing';
import { describe } from 'vitest';
import { membershipStoreSuite } from './membership-store.suite.js';
import { memoryMembershipStore } from './memory-membership-store.js';

describe('memoryMembershipStore', () => {
  membershipStoreSuite(async () => {
    const clock = new VirtualClock();
    return { store: memoryMembershipStore({ clock }), pass: (ms) => clock.advance(ms) };
  });
});
