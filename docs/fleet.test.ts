import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../scripts/workspace.js';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const lines = read('docs/fleet.md').split('\n');
const catalog = JSON.parse(read('metrics.catalog.json')) as {
  metrics: Array<{ name: string; type: string; package: string; labels: Record<string, unknown> }>;
};
const metrics = catalog.metrics.filter((metric) => metric.package === '@breakwater/fleet');

const quoted = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);

/** The first cells of the tables whose first head is this, without their quotes. */
function named(head: string): string[] {
  const starts = lines.flatMap((line, index) => (line.startsWith(`| ${head} |`) ? [index + 2] : []));
  return starts.flatMap((start) => {
    const rows = lines.slice(start);
    const table = rows.slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    );
    return table.flatMap((row) => quoted(row.split(' | ')[0]!));
  });
}

/** What a label of a metric can be. */
const valuesOf = (metric: string, label: string): string[] =>
  metrics.find(({ name }) => name === metric)!.labels[label] as string[];

describe('the guide to the fleet', () => {
  it('lists every metric with its type and labels, and no other', () => {
    const told = lines
      .filter((line) => /^\| `fleet_\w+` \| (?:gauge|counter|histogram) \|/.test(line))
      .map((line) => line.split(' | ').slice(0, 3).join(' ').replaceAll(/[|`,]/g, '').replaceAll(/\s+/g, ' ').trim());
    const known = metrics.map(({ name, type, labels }) => [name, type, ...Object.keys(labels)].join(' '));
    expect(told.toSorted()).toEqual(known.toSorted());
  });

  it('names no metric that there is not, and no value that a label cannot have', () => {
    const known = new Map(metrics.map(({ name, labels }) => [name, labels]));
    const wrong = [...lines.join('\n').matchAll(/`(fleet_\w+)(?:\{(\w+)(?:="([^"]+)")?\})?`/g)]
      .filter(([, name, label, value]) => {
        const labels = known.get(name!);
        if (labels === undefined) return true;
        if (label === undefined) return false;
        const values = labels[label];
        return values === undefined || (value !== undefined && !(values as string[]).includes(value));
      })
      .map(([text]) => text);
    expect(wrong).toEqual([]);
  });

  it('lists every event, and no other', () => {
    const known = [...read('packages/fleet/src/events.ts').matchAll(/\btype: '([\w.]+)'/g)].map((match) => match[1]!);
    expect(known.length).toBeGreaterThan(10);
    expect(named('event').toSorted()).toEqual(known.toSorted());
  });

  it('says what every standing is', () => {
    const known = valuesOf('fleet_standing', 'standing');
    const told = named('standing').filter((word) => !['ids', 'kept', 'sinceMs'].includes(word));
    expect(told.toSorted()).toEqual(known.toSorted());
  });

  it('says how a call to Redis can fail', () => {
    const known = valuesOf('fleet_redis_calls_total', 'outcome').filter((outcome) => outcome !== 'ok');
    expect(named('`reason`').toSorted()).toEqual(known.toSorted());
  });

  it('says what a limit can stand on, how a term ends, and what comes of acts and probes', () => {
    const below = (metric: string): string[] => {
      const start = lines.findIndex((line) => line.startsWith(`- \`${metric}\`:`));
      const end = lines.findIndex((line, index) => index > start && !line.startsWith('  '));
      return quoted(lines.slice(start, end).join(' ')).slice(1);
    };
    for (const [metric, label] of [
      ['fleet_limiter_mode', 'mode'],
      ['fleet_leader_terms_ended_total', 'reason'],
      ['fleet_leader_acts_total', 'outcome'],
      ['fleet_breaker_probe_leases_total', 'outcome'],
    ] as const) {
      expect(below(metric).toSorted(), metric).toEqual(valuesOf(metric, label).toSorted());
    }
  });

  it('lists every variable of Redis', () => {
    const known = new Set(read('packages/fleet/src/redis/from-env.ts').match(/\bREDIS_[A-Z_]+/g));
    expect(named('variable').toSorted()).toEqual([...known].toSorted());
  });
});
