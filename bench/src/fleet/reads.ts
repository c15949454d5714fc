import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface ReadOrder {
  readonly url: string;
  readonly timeoutMs: number;
  /** How many there must be. */
  readonly members: number;
  readonly reads: number;
  readonly everyMs: number;
}

/** How long each read of a membership took, in milliseconds: in a process of its own, as who looks at a fleet has nothing to do with its heartbeats. */
export async function timeReads(order: ReadOrder): Promise<number[]> {
  const reader = fork(fileURLToPath(new URL('./reader.js', import.meta.url)));
  const exited = once(reader, 'exit').then(([code]) => {
    throw new Error(`the reader of the membership ended with ${code}`);
  });
  reader.send(order);
  const [tookMs] = (await Promise.race([once(reader, 'message'), exited])) as [number[]];
  return tookMs;
}
