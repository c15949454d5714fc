import { readFileSync, writeFileSync } from 'node:fs';
import { CHECKS } from '../src/check/checks.js';

/** Writes the table of the checks in docs/stack.md anew: `npm run guide`. */
const file = new URL('../../../docs/stack.md', import.meta.url);
const rows = CHECKS.map(({ id, holds }) => `| \`${id}\` | ${holds.replace(/\.$/, '')} |\n`);
const text = readFileSync(file, 'utf8');
const [, head] = /^(\| check \| what holds \|\n\| --- \| --- \|\n)(?:\|.*\n)*/m.exec(text) ?? [];
if (head === undefined) throw new Error('docs/stack.md has no table of the checks');
writeFileSync(
  file,
  text.replace(/^\| check \| what holds \|\n(?:\|.*\n)*/m, () => head + rows.join('')),
);
