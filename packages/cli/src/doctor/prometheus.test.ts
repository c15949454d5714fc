import { expect, it } from 'vitest';
import { answer, told } from './pages.suite.js';
import { judgeAlerts, judgeTargets } from './prometheus.js';

const target = (job: string, health: string, lastError = '') => ({
  labels: { job, instance: 'a:1' },
  scrapeUrl: 'http://a:1/metrics',
  lastError,
  health,
});
const targets = (...activeTargets: object[]) =>
  told(judgeTargets('http://p', answer({ status: 'success', data: { activeTargets } })));
const alert = (alertname: string, severity: string, state = 'firing') => ({
  labels: { alertname, severity },
  annotations: { summary: `${alertname} happens`, runbook_url: `docs/runbook.md#${alertname}` },
  state,
});
const alerts = (...all: object[]) => judgeAlerts('http://p', answer({ status: 'success', data: { alerts: all } }));

it('finds targets in order', () => {
  expect(targets(target('a', 'up'), target('a', 'up'), target('b', 'up'))).toEqual([
    'ok prometheus: targets: 3 targets of 2 jobs answer',
  ]);
});

it('tells a job of which nothing answers from one of which a part does', () => {
  const down = target('a', 'down', 'connection refused');
  expect(targets(target('a', 'up'), down, { ...down, labels: { job: 'b' } }, target('c', 'unknown'))).toEqual([
    'warning prometheus: targets of a: 1 of 2 down: http://a:1/metrics: connection refused',
    'unhealthy prometheus: targets of b: 1 of 1 down: http://a:1/metrics: connection refused',
    'warning prometheus: targets of c: 1 of 1 not scraped yet',
  ]);
  expect(targets()).toEqual(['unhealthy prometheus: targets: there are none']);
});

it('tells firing alerts by severity, each name once, with its runbook', () => {
  const verdicts = alerts(
    alert('A', 'warning'),
    alert('B', 'critical'),
    alert('A', 'warning'),
    alert('C', 'info'),
    alert('D', 'critical', 'pending'),
  );
  expect(told(verdicts)).toEqual([
    'warning prometheus: alert A: warning, 2 firing: A happens',
    'unhealthy prometheus: alert B: critical, 1 firing: B happens',
  ]);
  expect(verdicts.map(({ advice }) => advice)).toEqual(['docs/runbook.md#A', 'docs/runbook.md#B']);
});

it('tells what is pending or for information beside', () => {
  const all = [alert('C', 'info'), alert('D', 'critical', 'pending'), alert('D', 'critical', 'pending')];
  expect(told(alerts(...all))).toEqual(['ok prometheus: alerts: 1 alert firing; for information: C; pending: D']);
  expect(told(alerts())).toEqual(['ok prometheus: alerts: 0 alerts firing']);
});
