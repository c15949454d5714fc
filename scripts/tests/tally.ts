import { appendFileSync } from 'node:fs';

/**
 * Adds a line to the file that BREAKWATER_TALLY names, for whoever adds up several runs, and one by name for each failure
 * (`- `) and for each test that passed at a second try only (`~ `); without that file it does nothing.
 */
export function tally(passed: number, failures: readonly string[], retried: readonly string[] = []): void {
  const file = process.env['BREAKWATER_TALLY'];
  if (file === undefined) return;
  const lines = (mark: string, names: readonly string[]) =>
    names.map((name) => `${mark} ${name.replaceAll(/\s+/g, ' ').slice(0, 300)}\n`).join('');
  appendFileSync(file, `${passed} ${failures.length}\n${lines('-', failures)}${lines('~', retried)}`);
}
