import { once } from 'node:events';
import type { Io } from './io.js';

/** This process's streams, environment and clock. */
export function processIo(): Io {
  const stopped = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    // A second one ends the process at once.
    process.once(name, () => stopped.abort(new Error(`${name} came`)));
  }
  // `breakwater spool cat … | head` is done when head is.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  return {
    print: async (text) => {
      if (!process.stdout.write(text)) await once(process.stdout, 'drain');
    },
    say: (text) => process.stderr.write(text),
    env: process.env,
    signal: stopped.signal,
    now: Date.now,
  };
}
