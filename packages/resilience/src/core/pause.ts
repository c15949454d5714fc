import type { Call } from './call.js';
import type { Clock } from './clock.js';

/** Waits `ms` milliseconds, or until the call is aborted: then it says false, at once. */
export function pause(clock: Clock, call: Call, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    let listening: Disposable | undefined;
    const timer = clock.after(ms, () => {
      listening?.[Symbol.dispose]();
      resolve(true);
    });
    if (!call.abortable) return;
    listening = call.onAbort(() => {
      timer[Symbol.dispose]();
      resolve(false);
    });
  });
}
