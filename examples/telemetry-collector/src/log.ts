import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Where the log goes while a live table has the terminal. */
export const LOG_FILE = 'collector.log';

/**
 * JSON lines on stderr; in `file` where one is given, since a table is shown where stderr would be. Written at once: the
 * last line before a crash is the one that is needed.
 */
export function openLog(level: string, file?: string): Logger {
  if (file !== undefined) mkdirSync(dirname(file), { recursive: true });
  return pino({ level, base: null }, pino.destination({ dest: file ?? 2, sync: true }));
}
