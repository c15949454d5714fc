import { appendFileSync } from 'node:fs';

/**
 * Adds a line to the file that BREAKWATER_TALLY names, for whoever adds up several runs, and one for each failure by
 * name; without that file it does nothing.
 */
export function tally(passed: number, failures: readonly string[]): void {
  const file = process.env['BREAKWATER_TALLY'];
  if (file === undefined) return;
  const names = failures.map((name) => `- ${name.replaceAll(/\s+/g, ' ').slice(0, 300)}\n`).join('');
  appendFileSync(file, `${passed} ${failures.length}\n${names}`);
}
