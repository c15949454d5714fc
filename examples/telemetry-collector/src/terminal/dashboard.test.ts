import { describe, expect, it } from 'vitest';
import { laneOf } from '../delivery/fake-spool.suite.js';
import { TURN_OUTCOMES, type TurnOutcome } from '../flow/turn.js';
import type { ProbeKind } from '../probes/probe.js';
import { account, drawDashboard } from './dashboard.js';
import type { Snapshot, TargetView } from './snapshot.js';
import { paintFor } from './style.js';
import { drawSummary } from './summary.js';

const plain = paintFor(false, {});

const turnsOf = (turns: Partial<Record<TurnOutcome, number>>) =>
  ({ ...Object.fromEntries(TURN_OUTCOMES.map((outcome) => [outcome, 0])), ...turns }) as Record<TurnOutcome, number>;

const turn: TargetView['last'] = {
  at: '',
  outcome: 'up',
  delayMs: 0,
  durationMs: 3.21,
  stalledMs: 0,
  value: '200',
  error: null,
};

function target(name: string, overrides: Partial<TargetView> = {}): TargetView {
  return {
    name,
    probe: 'http',
    labels: {},
    intervalMs: 1_000,
    timeoutMs: 900,
    state: 'up',
    circuit: 'closed',
    slow: false,
    running: false,
    nextTurn: null,
    last: turn,
    lastRun: turn,
    p95Ms: 4.5,
    turns: turnsOf({ up: 12 }),
    history: { opened: 0, closed: 0 },
    ...overrides,
  };
}

const flaky = target('flaky', {
  state: 'open',
  circuit: 'open',
  last: { ...turn, outcome: 'open', error: { code: 'open', message: 'its circuit is open' } },
  lastRun: { ...turn, outcome: 'down', error: { code: 'unexpected-status', message: 'flaky: 503' } },
  turns: turnsOf({ up: 7, down: 3, open: 2 }),
  history: { opened: 2, closed: 1 },
});

function snapshotOf(targets: TargetView[]): Snapshot {
  const written = new Map<ProbeKind, number>([
    ['http', 1_234],
    ['tcp', 0],
  ]);
  return { uptimeMs: 20_000, targets, written, lost: 0, pending: 3, lanes: [], fleet: undefined, loopLagMs: 1.25 };
}

describe('the live view', () => {
  it('shows each target in a line, under a heading and above the account', () => {
    const size = { columns: 120, rows: 24 };
    expect(
      drawDashboard(['collector', 'http://127.0.0.1:8080'], snapshotOf([target('web'), flaky]), ['news'], size, plain),
    ).toEqual([
      'collector',
      'http://127.0.0.1:8080',
      '',
      'TARGET  PROBE  STATE   LAST VALUE                       TOOK     P95  CIRCUIT  TURNS',
      'web     http   ● up    200                            3.2 ms  4.5 ms  closed      12',
      'flaky   http   ● open  unexpected-status: flaky: 503  3.2 ms  4.5 ms  open        12',
      '',
      'news',
      '2 targets: 1 up, 1 circuit open · 1,234 lines written, 0 lost · 0 turns missed · event loop p99 1.3 ms late',
      'Ctrl-C stops.',
    ]);
  });

  it('has a line on the fleet, and one for each lane', () => {
    const fleet = { name: 'telemetry', standing: 'member', members: 3, targets: 5 } as const;
    const snapshot = { ...snapshotOf([target('web'), flaky]), fleet, lanes: [laneOf('http://influx:8086')] };
    expect(drawDashboard([''], snapshot, [], { columns: 120, rows: 24 }, plain).slice(-3)).toEqual([
      '⇄ fleet telemetry: one of 3 members · polls 2 of 5 targets',
      '→ http://influx:8086: nothing pending',
      'Ctrl-C stops.',
    ]);
  });

  it('stays within the terminal: the worst targets first, and how many are left out', () => {
    const many = [...Array.from({ length: 300 }, (_, index) => target(`target-${index}`)), flaky];
    const lines = drawDashboard(['collector'], snapshotOf(many), [], { columns: 60, rows: 30 }, plain);
    expect(lines.length).toBeLessThan(30);
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(60);
    expect(lines[3]).toMatch(/^flaky/);
    const shown = lines.filter((line) => /^(flaky|target-)/.test(line)).length;
    expect(lines.find((line) => line.startsWith('…'))).toContain(`${301 - shown} more targets`);
  });

  it('leaves out what stands around the targets when the terminal is low', () => {
    const targets = Array.from({ length: 6 }, (_, index) => target(`target-${index}`));
    const lines = drawDashboard(['title', 'more'], snapshotOf(targets), ['news'], { columns: 80, rows: 14 }, plain);
    expect(lines.length).toBeLessThanOrEqual(14);
    expect(lines.filter((line) => line.startsWith('target-'))).toHaveLength(6);
    expect(lines).not.toContain('news');
  });

  it('says what is slow, and what waits for its first turn', () => {
    const slow = target('slow', { slow: true });
    const fresh = target('fresh', { state: 'waiting', last: null, lastRun: null, p95Ms: null });
    const lines = drawDashboard([''], snapshotOf([slow, fresh]), [], { columns: 120, rows: 24 }, plain);
    expect(lines.find((line) => line.startsWith('slow'))).toContain('closed, slow');
    expect(lines.find((line) => line.startsWith('fresh'))).toMatch(/● waiting\s+–\s+–/);
  });

  it('counts turns that were missed or overlapped', () => {
    expect(account(snapshotOf([target('web', { turns: turnsOf({ up: 1, missed: 2, overlap: 3 }) })]))).toContain(
      '5 turns missed',
    );
    expect(account(snapshotOf([]))).toContain('0 targets: none');
  });
});

describe('the summary', () => {
  it('tells of every target, every line and every circuit that opened', () => {
    const dying = target('dying', { circuit: 'open', history: { opened: 1, closed: 0 } });
    const late = target('late', { p95Ms: 1_000, turns: turnsOf({ up: 9, overlap: 1 }) });
    expect(drawSummary(snapshotOf([target('web'), flaky, dying, late]), 120, plain)).toEqual([
      'Summary after 20 s',
      '',
      'TARGET  PROBE  EVERY  UP  OTHER TURNS        P95  CIRCUIT',
      'web     http     1 s  12  –               4.5 ms  closed',
      'flaky   http     1 s   7  3 down, 2 open  4.5 ms  open (opened 2×)',
      'dying   http     1 s  12  –               4.5 ms  open (opened 1×)',
      'late    http     1 s   9  1 overlap          1 s  closed',
      '',
      '4 targets: 3 up, 1 circuit open · 1,234 lines written, 0 lost · 1 turn missed · event loop p99 1.3 ms late',
      'Lines written: http 1,234; 0 lost.',
      'flaky: its circuit opened 2 times, closed again once; it is open now.',
      'dying: its circuit opened once, never closed again; it is open now.',
      'Delayed: late (p95 1 s; 1 turn missed).',
      'Never delayed (p95 under the interval, no turn missed): 3 of 4 targets.',
    ]);
  });

  it('names the fifty worst of very many targets', () => {
    const all = Array.from({ length: 2_000 }, (_, index) => target(`target-${index}`, { p95Ms: 2_000 }));
    const lines = drawSummary(snapshotOf([...all, flaky]), 120, plain);
    expect(lines.length).toBeLessThan(120);
    expect(lines[3]).toMatch(/^flaky/);
    expect(lines).toContain('… and 1,951 more targets');
    expect(lines.filter((line) => line.startsWith('Delayed: '))).toHaveLength(50);
    expect(lines).toContain('… and 1,950 more targets');
  });
});
