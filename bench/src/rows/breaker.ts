import { circuitBreaker, circuitBreakerFromEnv } from '@breakwater/resilience';
import { ConsecutiveBreaker, circuitBreaker as cockatielBreaker, handleAll } from 'cockatiel';
import Opossum from 'opossum';
import { compare, sequential } from '../measure.js';
import { register } from '../registry.js';
import { type Row, row } from '../row.js';

const succeed = async () => 1;
const failure = new Error('the backend is away');
const fail = async () => {
  throw failure;
};
const swallow = () => {};

/** A closed breaker around an operation that succeeds. */
export async function breakerClosedRows(): Promise<Row[]> {
  const mine = circuitBreaker({ ...circuitBreakerFromEnv({}), name: 'bench' });
  register([mine]);
  const opossum = new Opossum(succeed, { timeout: false });
  const cockatiel = cockatielBreaker(handleAll, { halfOpenAfter: 60_000, breaker: new ConsecutiveBreaker(5) });
  const ours = sequential(() => mine.execute(succeed));
  const rows = [
    row(
      'breaker-closed',
      'opossum',
      await compare(
        ours,
        sequential(() => opossum.fire()),
      ),
    ),
    row(
      'breaker-closed',
      'cockatiel',
      await compare(
        ours,
        sequential(() => cockatiel.execute(succeed)),
      ),
    ),
  ];
  opossum.shutdown();
  return rows;
}

const CALLS = 100_000;
const HOUR_MS = 3_600_000;

function windowed(name: string) {
  const breaker = circuitBreaker({
    name,
    // Never trips: what is measured is the failure, not what it leads to.
    trip: { window: 'time', durationMs: HOUR_MS, failureRate: 1, minimumCalls: 1_000_000_000 },
  });
  register([breaker]);
  return breaker;
}

/** One failure while the time window holds 100,000 calls. */
export async function breakerFailureRows(): Promise<Row[]> {
  const full = windowed('bench-full');
  const empty = windowed('bench-empty');
  for (let call = 0; call < CALLS; call++) await full.execute(succeed);

  let failing = false;
  const opossum = new Opossum(async () => (failing ? fail() : succeed()), {
    timeout: false,
    rollingCountTimeout: HOUR_MS,
    rollingCountBuckets: 10,
    errorThresholdPercentage: 100,
  });
  for (let call = 0; call < CALLS; call++) await opossum.fire();
  failing = true;

  const ours = sequential(() => full.execute(fail).catch(swallow));
  const rows = [
    row(
      'breaker-failure-100k',
      'opossum',
      await compare(
        ours,
        sequential(() => opossum.fire().catch(swallow)),
        { peerTimes: 10, rounds: 5 },
      ),
    ),
    row(
      'breaker-failure-100k',
      'self',
      await compare(
        ours,
        sequential(() => empty.execute(fail).catch(swallow)),
      ),
    ),
  ];
  opossum.shutdown();
  return rows;
}
