import { semaphore } from '@breakwater/resilience';
import { Sema } from 'async-sema';
import Bottleneck from 'bottleneck';
import pLimit from 'p-limit';
import { compare, concurrent } from '../measure.js';
import { register } from '../registry.js';
import { type Row, row } from '../row.js';

const CALLERS = 64;
const PERMITS = 32;
const operation = async () => 1;

/** 64 callers contend for 32 permits. */
export async function semaphoreRows(): Promise<Row[]> {
  const mine = semaphore({ name: 'bench', permits: PERMITS });
  register([mine]);
  const sema = new Sema(PERMITS);
  const limit = pLimit(PERMITS);
  const bottleneck = new Bottleneck({ maxConcurrent: PERMITS });
  const ours = concurrent(CALLERS, () => mine.execute(operation));
  const viaSema = async () => {
    await sema.acquire();
    try {
      return await operation();
    } finally {
      sema.release();
    }
  };
  return [
    row('semaphore', 'async-sema', await compare(ours, concurrent(CALLERS, viaSema))),
    row(
      'semaphore',
      'p-limit',
      await compare(
        ours,
        concurrent(CALLERS, () => limit(operation)),
      ),
    ),
    row(
      'semaphore',
      'bottleneck',
      await compare(
        ours,
        concurrent(CALLERS, () => bottleneck.schedule(operation)),
        { peerTimes: 640, rounds: 5 },
      ),
    ),
  ];
}
