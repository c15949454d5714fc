import type { Logger } from './log.js';
import type { View } from './terminal/view.js';

/** A process in a state that nobody foresaw does not go on: it gives the terminal back, says what happened, and ends with 1. */
export function endOnCrash(log: Logger, view: View): void {
  process.on('uncaughtException', (error, origin) => {
    view.close();
    log.fatal({ err: error, origin }, 'crashed');
    process.exit(1);
  });
  // Whoever reads our output may leave first (`… | head`); that is no crash.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
