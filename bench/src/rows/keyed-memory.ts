import { circuitBreakerFromEnv, keyedCircuitBreaker } from '@breakwater/resilience';
import Opossum from 'opossum';
import { collectGarbage } from '../measure.js';
import { register } from '../registry.js';
import { type Row, row } from '../row.js';

const KEYS = 100_000;
const PEERS = 5_000;
const swallow = () => {};

function heapBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** Bytes that `make` leaves on the heap for each of `count` things; what it returns is held until it was weighed. */
async function bytesEach(count: number, make: () => Promise<unknown>): Promise<number> {
  const before = heapBytes();
  const held = await make();
  const bytes = (heapBytes() - before) / count;
  if (held === undefined) throw new Error('nothing was made');
  return Math.max(0, bytes);
}

/** The keys exist before the weighing: a service has its targets' names anyway. */
async function oursBytes(operation: () => Promise<unknown>): Promise<number> {
  const keys = Array.from({ length: KEYS }, (_, index) => `target-${index}`);
  return bytesEach(KEYS, async () => {
    const breaker = keyedCircuitBreaker({ ...circuitBreakerFromEnv({}), name: 'bench', maxKeys: KEYS });
    register([breaker]);
    for (const key of keys) await breaker.execute(operation, { key }).catch(swallow);
    return [breaker, keys];
  });
}

async function opossumBytes(operation: () => Promise<unknown>): Promise<number> {
  let breakers: Opossum[] = [];
  const bytes = await bytesEach(PEERS, async () => {
    breakers = Array.from(
      { length: PEERS },
      (_, index) => new Opossum(operation, { timeout: false, name: `${index}` }),
    );
    for (const breaker of breakers) await breaker.fire().catch(swallow);
    return breakers;
  });
  for (const breaker of breakers) breaker.shutdown();
  return bytes;
}

async function measure(name: string, operation: () => Promise<unknown>): Promise<Row> {
  return row(name, 'opossum', { oursNs: await oursBytes(operation), peerNs: await opossumBytes(operation) });
}

export const keyedMemoryRow = (): Promise<Row> => measure('keyed-memory', async () => 1);

export const keyedMemoryFailingRow = (): Promise<Row> =>
  measure('keyed-memory-failing', async () => {
    throw new Error('refused');
  });
