import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Where the log goes while a live table has the terminal. */
export const LOG_FILE = 'collector.log';

/**
 * JSON lines on stderr; in a file of `folder` where one is given, since a table is shown where stderr would be. Written
 * at once: the last line before a crash is the one that is needed.
 */
export function openLog(level: string, folder?: string): Logger {
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  const dest = folder === undefined ? 2 : join(folder, LOG_FILE);
  return pino({ level, base: null }, pino.destination({ dest, sync: true }));
}
