import type { Labels, MetricDefinition } from '@breakwater/resilience';
import { describe, expect, it } from 'vitest';
import { targetOf } from './rig.suite.js';
import type { Turn } from './turn.js';
import { TurnAccount } from './turn-account.js';

function turnOf(overrides: Partial<Turn>): Turn {
  return {
    target: targetOf('web'),
    instantMs: 0,
    outcome: 'up',
    delayMs: 4,
    durationMs: 30,
    error: undefined,
    readings: [],
    stalledMs: 0,
    ...overrides,
  };
}

/** What is measured of the TCP targets, zeros left out: `name{labels}` and the value or the histogram's count and sum. */
function measured(account: TurnAccount): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  account.measure((definition: MetricDefinition, labels: Labels, value) => {
    if (labels['probe'] !== undefined && labels['probe'] !== 'tcp') return;
    const shown = typeof value === 'number' ? value : [value.counts.reduce((sum, each) => sum + each, 0), value.sum];
    if (shown !== 0) all[`${definition.name}${JSON.stringify(labels)}`] = shown;
  });
  return all;
}

describe('the account of all turns', () => {
  it('has each turn once, by outcome, and the runs by duration, delay and first error', () => {
    const account = new TurnAccount();
    account.record(turnOf({}));
    account.record(turnOf({ outcome: 'down', durationMs: 70, error: { code: 'refused', message: '' } }));
    account.record(turnOf({ outcome: 'open', durationMs: undefined, error: { code: 'open', message: '' } }));
    account.miss('tcp', 3);
    expect(measured(account)).toEqual({
      'telemetry_turn_delay_seconds{}': [2, 0.008],
      'telemetry_collection_duration_seconds{"probe":"tcp"}': [2, 0.1],
      'telemetry_probes_total{"probe":"tcp","outcome":"up"}': 1,
      'telemetry_probes_total{"probe":"tcp","outcome":"down"}': 1,
      'telemetry_probes_total{"probe":"tcp","outcome":"open"}': 1,
      'telemetry_probes_total{"probe":"tcp","outcome":"missed"}': 3,
      'telemetry_probe_errors_total{"probe":"tcp","code":"refused"}': 1,
    });
    expect([account.count('up'), account.count('missed'), account.count('timeout')]).toEqual([1, 3, 0]);
  });

  it('has the 95th percentile of the latest runs', () => {
    const account = new TurnAccount();
    account.record(turnOf({ outcome: 'missed', durationMs: undefined }));
    expect(account.p95Ms).toBeUndefined();
    for (let ms = 1; ms <= 20; ms++) account.record(turnOf({ durationMs: ms }));
    expect(account.p95Ms).toBe(19);
  });
});
