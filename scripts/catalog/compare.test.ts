import { describe, expect, it } from 'vitest';
import { catalogOf, differences } from './compare.js';
import type { CatalogEntry } from './definitions.js';

const entry = (name: string, more: Partial<CatalogEntry> = {}): CatalogEntry => ({
  name,
  type: 'counter',
  help: 'Things',
  labels: { outcome: ['good', 'bad'] },
  package: '@breakwater/resilience',
  ...more,
});

describe('catalogOf', () => {
  it('carries its version, and every field of a definition in one order', () => {
    const definitions = [entry('a_total'), entry('b_seconds', { buckets: [1, 2] })];
    const { apiVersion, kind, metrics } = catalogOf(definitions, []);
    expect([apiVersion, kind]).toEqual(['breakwater/v1', 'MetricsCatalog']);
    expect(metrics.map((metric) => Object.keys(metric))).toEqual([
      ['name', 'type', 'help', 'package', 'exportedByCollector', 'labels'],
      ['name', 'type', 'help', 'package', 'exportedByCollector', 'labels', 'buckets'],
    ]);
  });

  it('says of each whether the collector exports it', () => {
    const { metrics } = catalogOf([entry('a_total'), entry('b_total')], ['b_total']);
    expect(metrics.map(({ exportedByCollector }) => exportedByCollector)).toEqual([true, false]);
  });
});

describe('differences', () => {
  it('finds none in a catalog that was written and read again', () => {
    const catalog = catalogOf([entry('a_total'), entry('b_seconds', { buckets: [1, 2] })], []);
    expect(differences(JSON.parse(JSON.stringify(catalog)), catalog)).toEqual([]);
  });

  it('names what is missing, what is too much, and what has changed in what', () => {
    const written = catalogOf([entry('a_total'), entry('b_total'), entry('d_total'), entry('e_total')], []);
    const current = catalogOf(
      [
        entry('a_total', { help: 'Others' }),
        entry('c_total'),
        entry('d_total', { labels: { outcome: ['good'] }, buckets: [1] }),
        entry('e_total'),
      ],
      ['e_total'],
    );
    expect(differences(written, current)).toEqual([
      '~ a_total (help)',
      '- b_total',
      '+ c_total',
      '~ d_total (labels, buckets)',
      '~ e_total (exportedByCollector)',
    ]);
  });

  it('sees another version', () => {
    const catalog = catalogOf([], []);
    expect(differences({ ...catalog, apiVersion: 'breakwater/v0' }, catalog)).toEqual(['~ apiVersion or kind']);
  });
});
