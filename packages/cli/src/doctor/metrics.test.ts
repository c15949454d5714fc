import { expect, it } from 'vitest';
import { judgeCollectorMetrics } from './metrics.js';
import { COLLECTOR_PAGE, changed, told } from './pages.suite.js';

const QUESTION = { what: 'http://a metrics', url: 'http://a/metrics', advice: 'look' };
const judge = (text: string) => told(judgeCollectorMetrics(QUESTION, { status: 200, text }));

it('finds a collector in order', () => {
  expect(judge(COLLECTOR_PAGE)).toEqual([
    'ok http://a circuit breakers: all closed; 2 calls rejected since the start',
    'ok http://a connection pools: probes: 3 of 100 busy, 0 queued, 1 refused since the start',
    'ok http://a semaphores: nobody waits for a permit of target-slots',
    'ok http://a ledger: adds up: 1 account, 90 points',
    'ok http://a losses: nothing expired, damaged, quarantined or lost since the start',
  ]);
});

it.each([
  [
    'a breaker is open',
    {
      'circuit_breaker_state{policy="delivery to http://influxdb-1:8086",state="open"}': 1,
      'circuit_breaker_keys{policy="targets",state="half-open"}': 2,
    },
    'warning http://a circuit breakers: delivery to http://influxdb-1:8086 is open, 2 of targets half-open; 2 calls rejected since the start',
  ],
  [
    'requests wait for a socket',
    { connection_pool_queued: 4, 'connection_pool_connections{policy="probes",state="busy"}': 100 },
    'warning http://a connection pools: probes: 100 of 100 busy, 4 queued, 1 refused since the start',
  ],
  [
    'turns wait for a slot',
    { semaphore_queued: 1, semaphore_permits_in_use: 50 },
    'warning http://a semaphores: target-slots: 50 of 50 out, 1 waiting',
  ],
  [
    'a point is missing from an account',
    { delivery_released_points_total: 59 },
    'unhealthy http://a ledger: http://influxdb-1:8086 in slot-1: 90 points, of which 89 are accounted for',
  ],
  [
    'an offered point is missing',
    { delivery_offered_points_total: 101 },
    'unhealthy http://a ledger: offered: 101 points, of which 100 are accounted for',
  ],
  [
    'a point expired',
    { delivery_expired_points_total: 3 },
    'warning http://a losses: 3 points expired since the start',
  ],
  [
    'a point was damaged',
    { delivery_damaged_points_total: 1 },
    'warning http://a losses: 1 point damaged since the start',
  ],
  [
    'a line was refused',
    { delivery_quarantined_points_total: 2 },
    'warning http://a losses: 2 points quarantined since the start',
  ],
  ['a line was lost', { telemetry_lines_lost_total: 1 }, 'warning http://a losses: 1 line that reached no log'],
  ['the log is full', { delivery_intake_open: 0 }, 'unhealthy http://a losses: the log takes nothing more'],
])('sees when %s', (_name, changes, line) => {
  expect(judge(changed(changes))).toContain(line);
});

it.each(['<html>', 'process_start_time_seconds 1\n'])('refuses the page of somebody else: %s', (text) => {
  expect(judge(text)).toEqual(['unhealthy http://a metrics: http://a/metrics is no metrics page of a collector']);
});
