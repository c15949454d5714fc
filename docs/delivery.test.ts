import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../scripts/workspace.js';

const lines = readFileSync(join(ROOT, 'docs/delivery.md'), 'utf8').split('\n');
const catalog = JSON.parse(readFileSync(join(ROOT, 'metrics.catalog.json'), 'utf8')) as {
  metrics: Array<{ name: string; type: string; package: string; labels: Record<string, unknown> }>;
};

describe('the guide to delivery', () => {
  it('lists every metric with its type and labels, and no other', () => {
    const told = lines
      .filter((line) => line.startsWith('| `delivery_'))
      .map((line) => line.split(' | ').slice(0, 3).join(' ').replaceAll(/[|`,]/g, '').replaceAll(/\s+/g, ' ').trim());
    const known = catalog.metrics
      .filter((metric) => metric.package === '@breakwater/delivery')
      .map(({ name, type, labels }) => [name, type, ...Object.keys(labels)].join(' '));
    expect(told.toSorted()).toEqual(known.toSorted());
  });
});
