import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REJECTIONS_RETRIED, resilienceMetrics } from '@breakwater/resilience';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../scripts/workspace.js';

const lines = readFileSync(join(ROOT, 'docs/resilience.md'), 'utf8').split('\n');

/** The rows of the table below a heading. */
function rowsBelow(heading: string): string[] {
  const below = lines.slice(lines.indexOf(heading));
  const table = below.slice(below.findIndex((line) => line.startsWith('| --- ')) + 1);
  return table.slice(
    0,
    table.findIndex((line) => !line.startsWith('|')),
  );
}

const cells = (row: string): string[] => row.split(' | ').map((cell) => cell.replaceAll(/^\| | \|$/g, '').trim());
const yes = (retried: boolean): string => (retried ? 'yes' : 'no');

describe('the guide to the policies', () => {
  it('says of every refusal whether it is retried', () => {
    const told = rowsBelow('## Rejections')
      .map(cells)
      .map(([reason, , own, other]) => [reason, own, other]);
    const rules = Object.entries(REJECTIONS_RETRIED);
    expect(told).toEqual(rules.map(([reason, { own, other }]) => [`\`${reason}\``, yes(own), yes(other)]));
  });

  it('lists every metric with its type, and no other', () => {
    const told = rowsBelow('## Metrics')
      .map(cells)
      .flatMap(([names, type]) => names!.split(', ').map((name) => `${name} ${type}`));
    expect(told.toSorted()).toEqual(resilienceMetrics.map(({ name, type }) => `\`${name}\` ${type}`).toSorted());
  });
});
