import { describe, expect, it } from 'vitest';
import type { Reading } from '../probes/probe.js';
import { summarise } from './value.js';

const reading = (measurement: string, fields: Reading['fields']): Reading => ({ measurement, tags: {}, fields });

describe('what was measured, in a few words', () => {
  it.each<[string, Reading[], string]>([
    ['an HTTP answer', [reading('http', { status: 200, body_bytes: 512, total_ms: 1 })], '200, 512 bytes'],
    ['a connection', [reading('tcp', { lookup_ms: 0, connect_ms: 0.31234 })], 'connected in 0.312 ms'],
    ['a DNS answer', [reading('dns', { rtt_ms: 1, answers: 1, ttl_seconds: 60 })], '1 answer, TTL 60 s'],
    ['DNS answers', [reading('dns', { rtt_ms: 1, answers: 3 })], '3 answers'],
    [
      'a machine',
      [
        reading('host_system', { load1: 0.52, cores: 2 }),
        reading('host_memory', { used_percent: 41.3 }),
        reading('host_cpu', { busy_percent: 12.6 }),
        reading('host_network', { rx_bytes_per_second: 1 }),
      ],
      'load 0.52, memory 41 %, CPU 13 %',
    ],
    [
      'a page of metrics',
      [
        reading('prometheus_scrape', { series: 40, series_kept: 3, duration_ms: 1 }),
        reading('node_load1', { value: 0.25 }),
        reading('up', { value: 1 }),
        reading('node_load15', { value: 0.1 }),
      ],
      '3 of 40 series, node_load1 0.25, up 1',
    ],
    ['an SNMP agent', [reading('snmp_system', { uptime_seconds: 1234.5 })], 'up 1235 s'],
    ['what is not known', [reading('other', { width: 7, height: 8 })], 'other width 7'],
  ])('%s', (_what, readings, text) => {
    expect(summarise(readings)).toBe(text);
  });

  it('is nothing when nothing was measured', () => {
    expect(summarise([])).toBeUndefined();
  });

  it('is one short line, whatever a target says', () => {
    const text = summarise([reading('x', { text: `\u001b[2J${'long '.repeat(1_000)}` })]);
    expect(text).toHaveLength(80);
    expect(text).toMatch(/^x text \[2Jlong long/);
  });
});
