import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 25;

/** Asks again and again until `ask` does not throw. Gives up with its last error after `withinMs`, or when it is `hopeless`. */
export async function until(
  ask: () => void | Promise<void>,
  withinMs: number,
  hopeless: () => boolean = () => false,
): Promise<void> {
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (performance.now() >= end || hopeless()) throw error;
    }
    await sleep(POLL_MS);
  }
}
