import { systemClock } from '@breakwater/resilience';
import { httpPool } from '@breakwater/resilience/http';
import { afterAll, expect, it } from 'vitest';
import { Secret } from '../targets/secret.js';
import type { Target } from '../targets/target.js';
import { createProbe } from './create.js';
import { FakeLookup } from './loopback.suite.js';
import { PROBE_KINDS } from './probe.js';

const nameLookup = new FakeLookup();
const dispatcher = httpPool({ nameLookup });
afterAll(() => dispatcher.destroy());

const common = { name: 'a', intervalMs: 10_000, timeoutMs: 5_000, labels: {} };
const url = 'http://web-1.test/';
const TARGETS: readonly Target[] = [
  {
    ...common,
    probe: 'http',
    url,
    method: 'GET',
    headers: {},
    expectStatus: [{ from: 200, to: 200 }],
    expectBody: undefined,
    maxRedirects: 5,
    maxBodyBytes: 1_000,
  },
  { ...common, probe: 'tcp', host: 'db.test', port: 5432 },
  { ...common, probe: 'dns', server: '127.0.0.1', port: 53, query: 'example.test', type: 'A', expectAnswer: [] },
  { ...common, probe: 'prometheus', url, headers: {}, keep: ['*'], maxSeries: 10, maxBodyBytes: 1_000 },
  {
    ...common,
    probe: 'snmp',
    host: 'sw1.test',
    port: 161,
    credentials: { version: '2c', community: new Secret('public') },
    walk: ['ifTable'],
  },
  { ...common, probe: 'host' },
];

it('makes a probe for every kind of target, and contacts nobody yet', () => {
  const probes = TARGETS.map((target) => createProbe(target, { dispatcher, nameLookup, clock: systemClock }));
  expect(probes.map(({ kind }) => kind)).toEqual([...PROBE_KINDS]);
  expect(probes.map(({ operations }) => operations.map(({ name }) => name))).toEqual([
    ['request'],
    ['connect'],
    ['query'],
    ['scrape'],
    ['system', 'ifTable'],
    ['machine'],
  ]);
  expect(nameLookup.asked).toBe(0);
  expect(dispatcher.counts.open).toBe(0);
});
