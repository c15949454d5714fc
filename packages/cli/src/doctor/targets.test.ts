import { expect, it } from 'vitest';
import { answer, told } from './pages.suite.js';
import { judgeTargets } from './targets.js';

const failed = { error: { code: 'refused', message: 'nothing listens there' } };
const open = (name: string) => ({
  name,
  polledHere: true,
  circuit: 'open',
  last: { error: { message: 'rejected' } },
  lastRun: failed,
});
const fine = (name: string) => ({ name, polledHere: true, circuit: 'closed', last: { error: null }, lastRun: null });
const elsewhere = { name: 'far', probe: 'tcp', polledHere: false };
const judge = (...targets: object[]) =>
  told(judgeTargets({ what: 'targets', url: 'http://a/targets', advice: 'look' }, answer({ targets })));

it('finds targets in order', () => {
  expect(judge(fine('a'), elsewhere)).toEqual([
    'ok targets: 2 targets, 1 polled by who answered; every circuit is closed',
  ]);
});

it('names those with an open circuit, and why their latest run failed', () => {
  expect(judge(fine('a'), open('b'), { ...open('c'), circuit: 'half-open', last: null, lastRun: null })).toEqual([
    'warning targets: 3 targets, 3 polled by who answered; 2 with an open circuit: b (nothing listens there), c half-open (no error is told)',
  ]);
});

it('names ten of many', () => {
  const many = Array.from({ length: 2_000 }, (_, index) => open(`t${index}`));
  expect(judge(fine('a'), ...many)[0]).toMatch(/t9 \(nothing listens there\), and 1,990 more$/);
});

it('blames the collector when all fail, and nobody for one alone', () => {
  expect(judge(open('a'), open('b'), elsewhere)[0]).toMatch(/^unhealthy/);
  expect(judge(open('a'), elsewhere)[0]).toMatch(/^warning/);
  expect(judge()).toEqual(['warning targets: there are none']);
});
