import type { Clock } from '@breakwater/resilience';
import { publish } from '../events.js';
import type { OnStanding, StandingChange } from './membership.js';

/**
 * Tells of a change, and waits until what it ended has ended: after `timeoutMs` it is aborted, after as long again it
 * counts as ended all the same, since the others wait for it. A failure is told, and counts as ended.
 * @returns whether it was waited for in vain.
 */
export async function handOver(
  onStanding: OnStanding,
  change: StandingChange,
  { clock, timeoutMs }: { clock: Clock; timeoutMs: number },
): Promise<boolean> {
  const controller = new AbortController();
  let timer: Disposable | undefined;
  const overdue = new Promise<true>((resolve) => {
    timer = clock.after(timeoutMs, () => {
      controller.abort();
      timer = clock.after(timeoutMs, () => resolve(true));
    });
  });
  try {
    const ended = run(onStanding, change, controller.signal).then(() => false);
    return await Promise.race([ended, overdue]);
  } finally {
    timer?.[Symbol.dispose]();
  }
}

/** Begins at once; never rejects. */
async function run(onStanding: OnStanding, change: StandingChange, signal: AbortSignal): Promise<void> {
  try {
    await onStanding(change, signal);
  } catch (error) {
    publish({ type: 'trouble', what: `what a change of standing to ${change.standing.kind} ended`, error });
  }
}
