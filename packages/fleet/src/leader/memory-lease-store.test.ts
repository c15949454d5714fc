import { VirtualClock } from '@breakwater/resilience/testing';
import { describeLeaseStore } from './lease-store.suite.js';
import { memoryLeaseStore } from './memory-lease-store.js';

describeLeaseStore('memoryLeaseStore', () => {
  const clock = new VirtualClock();
  return { store: memoryLeaseStore(clock), pass: (ms) => clock.advance(ms) };
});
