import { afterEach, describe, expect, it } from 'vitest';
import { type Composition, compose } from './compose.js';
import { MemorySink } from './flow/collector-rig.suite.js';

describe('the composed flow', () => {
  let composition: Composition;
  afterEach(() => composition.pool.destroy());

  const composed = (env: Record<string, string>) => {
    composition = compose({ env, sink: new MemorySink(), onLoss: () => {} });
    return composition;
  };
  /** What its parts say of themselves. */
  const measured = () => {
    const values = new Map<string, unknown>();
    for (const part of composition.measured) {
      part.measure(({ name }, labels, value) => void values.set([name, ...Object.values(labels)].join(' '), value));
    }
    return values;
  };

  it('has the slots, sockets and workers that the environment asks for', () => {
    composed({
      MAX_CONCURRENT_TARGETS: '20',
      MAX_CONNECTIONS: '50',
      MAX_CONCURRENT_OPERATIONS: '7',
      WORKER_POOL_SIZE: '3',
    });
    const values = measured();
    expect(values.get('semaphore_permits target-slots')).toBe(20);
    expect(values.get('semaphore_permits slow-share')).toBe(5);
    expect(values.get('semaphore_permits operation-slots')).toBe(7);
    expect(values.get('connection_pool_connections_max probes')).toBe(50);
    expect(values.get('batch_workers samples')).toBe(3);
  });

  it('measures no more targets at once than there are sockets', () => {
    expect(composed({ MAX_CONCURRENT_TARGETS: '50', MAX_CONNECTIONS: '10' }).slots).toBe(10);
    expect(measured().get('semaphore_permits slow-share')).toBe(2);
  });

  it('has slots for 50 targets when the environment says nothing', () => {
    expect(composed({}).slots).toBe(50);
  });
});
