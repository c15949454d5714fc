import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { batchPool } from '../batch/pool.js';
import { circuitBreaker } from '../breaker/circuit-breaker.js';
import { keyedCircuitBreaker } from '../breaker/keyed-circuit-breaker.js';
import { coalesce } from '../coalesce/coalesce.js';
import { fallback } from '../fallback/fallback.js';
import { nameLookup } from '../http/lookup/system-lookup.js';
import { httpPool } from '../http/pool/http-pool.js';
import { retry } from '../retry/retry.js';
import { keyedSemaphore } from '../semaphore/keyed-semaphore.js';
import { semaphore } from '../semaphore/semaphore.js';
import { timeout } from '../timeout/timeout.js';
import { resilienceMetrics } from './catalog.js';
import { collect } from './collect.js';
import type { MetricDefinition } from './definition.js';

/** The lists of all folders, found on the disk: one that was forgotten in the catalog shows. */
async function listsOfAllFolders(): Promise<MetricDefinition[]> {
  const source = new URL('../', import.meta.url);
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\/metrics\.ts$/.test(file),
  );
  const modules = await Promise.all(files.map((file) => import(new URL(file, source).href)));
  return modules.flatMap((module: Record<string, unknown>) =>
    Object.entries(module)
      .filter(([name]) => name.endsWith('_METRICS'))
      .flatMap(([, list]) => Object.values(list as Record<string, MetricDefinition>)),
  );
}

/** One of each policy. */
const everyPolicy = () => [
  batchPool({ process: () => {} }),
  circuitBreaker({ name: 'breaker' }),
  circuitBreaker({ name: 'shadow', shadow: true }),
  keyedCircuitBreaker({ name: 'breakers' }),
  coalesce({ name: 'coalesce' }),
  fallback({ name: 'fallback', value: 0 }),
  nameLookup(),
  httpPool(),
  retry({ name: 'retry' }),
  semaphore({ name: 'semaphore', permits: 1 }),
  keyedSemaphore({ name: 'semaphores', permits: 1 }),
  timeout({ timeoutMs: 1 }),
];

describe('resilienceMetrics', () => {
  it('holds every definition of every folder, once, by name', async () => {
    const lists = await listsOfAllFolders();
    expect(lists.length).toBeGreaterThan(50);
    expect([...resilienceMetrics]).toEqual(lists.sort((a, b) => (a.name < b.name ? -1 : 1)));
    const names = resilienceMetrics.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  });

  it('holds nothing that no policy tells of', () => {
    const told = new Set([...collect(everyPolicy()).keys()].map(({ name }) => name));
    expect(resilienceMetrics.filter(({ name }) => !told.has(name))).toEqual([]);
  });

  it('holds whatever a policy tells of, with the labels and values that it lists', () => {
    for (const [definition, samples] of collect(everyPolicy())) {
      expect(resilienceMetrics).toContain(definition);
      for (const { labels } of samples) {
        expect(Object.keys(labels).sort(), definition.name).toEqual(Object.keys(definition.labels).sort());
        for (const [label, allowed] of Object.entries(definition.labels)) {
          if (typeof allowed !== 'string') expect(allowed, definition.name).toContain(labels[label]);
        }
      }
    }
  });
});
