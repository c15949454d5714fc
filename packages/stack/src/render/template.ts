import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';

// A line break would begin a directive of its own, whatever the value was meant to be.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f\u2028\u2029]/;

/**
 * Renders `templates/<name>` with values that stand in it as they are: nothing is escaped, and a name that is not given is an error.
 * @throws Error for a value with a line break or another control character, naming it.
 */
export function renderTemplate(name: string, values: object): string {
  refuseControl(values, name);
  const text = readFileSync(new URL(`../../templates/${name}`, import.meta.url), 'utf8');
  return Handlebars.compile(text, { strict: true, noEscape: true, knownHelpersOnly: true })(values);
}

function refuseControl(value: unknown, path: string): void {
  if (typeof value === 'string' && CONTROL.test(value)) {
    throw new Error(`${path}: ${JSON.stringify(value)} has a line break or a control character; write it in one line`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, below] of Object.entries(value)) refuseControl(below, `${path}.${key}`);
}
