import {
  circuitBreaker,
  circuitBreakerFromEnv,
  type Operation,
  pipeline,
  retry,
  semaphore,
  timeout,
} from '@breakwater/resilience';
import {
  bulkhead,
  ConsecutiveBreaker,
  circuitBreaker as cockatielBreaker,
  retry as cockatielRetry,
  timeout as cockatielTimeout,
  ExponentialBackoff,
  handleAll,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';
import { compare, sequential } from '../measure.js';
import { register } from '../registry.js';
import { type Row, row } from '../row.js';

const PERMITS = 50;
const TIMEOUT_MS = 5_000;

function ours() {
  const policies = [
    retry({ name: 'bench', maxAttempts: 3 }),
    circuitBreaker({ ...circuitBreakerFromEnv({}), name: 'bench' }),
    timeout({ name: 'bench', timeoutMs: TIMEOUT_MS }),
    semaphore({ name: 'bench', permits: PERMITS }),
  ] as const;
  register(policies);
  return pipeline(...policies);
}

const cockatiel = () =>
  wrap(
    cockatielRetry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() }),
    cockatielBreaker(handleAll, { halfOpenAfter: 60_000, breaker: new ConsecutiveBreaker(5) }),
    cockatielTimeout(TIMEOUT_MS, TimeoutStrategy.Aggressive),
    bulkhead(PERMITS, Number.POSITIVE_INFINITY),
  );

/** Retry, breaker, timeout and semaphore around an operation that succeeds. */
async function measure(name: string, operation: Operation<unknown>): Promise<Row> {
  const mine = ours();
  const theirs = cockatiel();
  return row(
    name,
    'cockatiel',
    await compare(
      sequential(() => mine.execute(operation)),
      sequential(() => theirs.execute(operation as () => Promise<unknown>)),
      { peerTimes: 20_000 },
    ),
  );
}

export const pipelineRow = (): Promise<Row> => measure('pipeline', async () => 1);

export const pipelineSignalRow = (): Promise<Row> => measure('pipeline-signal', async ({ signal }) => signal.aborted);
