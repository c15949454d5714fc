import { appendFileSync } from 'node:fs';

/** Adds a line to the file that BREAKWATER_TALLY names, for whoever adds up several runs; without one it does nothing. */
export function tally(passed: number, failed: number): void {
  const file = process.env['BREAKWATER_TALLY'];
  if (file !== undefined) appendFileSync(file, `${passed} ${failed}\n`);
}
