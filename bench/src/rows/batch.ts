import { batchPool } from '@breakwater/resilience';
import Bottleneck from 'bottleneck';
import { type Batch, compare } from '../measure.js';
import { register } from '../registry.js';
import { type Row, row } from '../row.js';

const SIZE = 100;
const AGE_MS = 1_000;

/** Adds `times` items, a full batch at a time, and waits for the outcome of each. */
const batches =
  (add: (item: number) => Promise<unknown>): Batch =>
  async (times) => {
    for (let done = 0; done < times; done += SIZE) {
      await Promise.all(Array.from({ length: SIZE }, (_, index) => add(done + index)));
    }
  };

/** One item through a batch of 100. Bottleneck's Batcher has no workers and no outcome of an item: it hands over the batch. */
export async function batchItemRow(): Promise<Row> {
  const mine = batchPool<number, void>({
    name: 'bench',
    batchSize: SIZE,
    maxAgeMs: AGE_MS,
    workers: 10,
    maxQueued: 10 * SIZE,
    process: async () => {},
  });
  register([mine]);
  const batcher = new Bottleneck.Batcher({ maxSize: SIZE, maxTime: AGE_MS });
  batcher.on('batch', () => {});
  return row(
    'batch-item',
    'bottleneck',
    await compare(
      batches((item) => mine.add(item)),
      batches((item) => batcher.add(item)),
    ),
  );
}
