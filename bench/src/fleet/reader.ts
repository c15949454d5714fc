import { setTimeout as sleep } from 'node:timers/promises';
import { redisLink, redisMembershipStore } from '@breakwater/fleet';
import type { ReadOrder } from './reads.js';

/** Reads the whole membership again and again, and answers how many milliseconds each read took. */
process.once('message', async ({ url, timeoutMs, members, reads, everyMs }: ReadOrder) => {
  const link = redisLink({ url, timeoutMs });
  const store = redisMembershipStore({ link });
  const tookMs: number[] = [];
  for (let count = 0; count < reads; count++) {
    const started = performance.now();
    const { length } = (await store.read()).members;
    tookMs.push(performance.now() - started);
    if (length !== members) throw new Error(`${length} members were read, and there are ${members}`);
    await sleep(everyMs);
  }
  await link.close();
  process.send!(tookMs);
  process.disconnect();
});
