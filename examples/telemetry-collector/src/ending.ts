import type { Clock } from '@breakwater/resilience';

/** Why the collector ends. */
export type Ending = 'SIGTERM' | 'SIGINT' | 'time';

/** Waits for a signal, or for the time to be up. A second signal ends the process at once: who sends it has waited enough. */
export function untilEnd(clock: Clock, forMs: number | undefined): Promise<Ending> {
  return new Promise((resolve) => {
    let signalled = false;
    const onSignal = (signal: 'SIGTERM' | 'SIGINT') => {
      if (signalled) process.exit(130);
      signalled = true;
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    if (forMs !== undefined) clock.after(forMs, () => resolve('time'));
  });
}
