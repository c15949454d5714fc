import { describe, expect, it } from 'vitest';
import type { Turn } from '../flow/turn.js';
import type { Reading } from '../probes/probe.js';
import { parseLine } from './line-parser.suite.js';
import { Points } from './points.js';

const turn = (parts: Partial<Turn> = {}): Turn => ({
  target: { name: 'web-1', probe: 'host', intervalMs: 10_000, timeoutMs: 5_000, labels: { site: 'fra1' } },
  instantMs: 1_763_784_000_123,
  outcome: 'up',
  delayMs: 1.23456,
  durationMs: 12.5,
  error: undefined,
  readings: [],
  stalledMs: 0,
  ...parts,
});
const reading = (parts: Partial<Reading>): Reading => ({
  measurement: 'cpu',
  tags: {},
  fields: { used: 0.5 },
  ...parts,
});
const read = (parts: Partial<Turn>) =>
  new Points().toLines(turn(parts)).map((line) => {
    const { tags, fields, ...rest } = parseLine(line);
    return { ...rest, tags: Object.fromEntries(tags), fields: Object.fromEntries(fields) };
  });

describe('the lines of a turn', () => {
  it('are one for each reading and one for the turn, at the scheduled instant, with the real delay', () => {
    const own = { probe: 'host', site: 'fra1', target: 'web-1' };
    const timestamp = 1_763_784_000_123_000_000n;
    const readings = [reading({ tags: { core: '0' } }), reading({ tags: { core: '1' }, fields: { used: 1 } })];
    expect(read({ readings })).toEqual([
      { measurement: 'cpu', tags: { core: '0', ...own }, fields: { used: 0.5, delay_ms: 1.235 }, timestamp },
      { measurement: 'cpu', tags: { core: '1', ...own }, fields: { used: 1, delay_ms: 1.235 }, timestamp },
      {
        measurement: 'telemetry_turn',
        tags: own,
        fields: { up: 1n, outcome: 'up', duration_ms: 12.5, delay_ms: 1.235 },
        timestamp,
      },
    ]);
  });

  it('say how a turn failed', () => {
    const error = { code: 'refused', message: 'nothing listens at 127.0.0.1:1' } as const;
    expect(read({ outcome: 'down', error })[0]?.fields).toEqual({
      up: 0n,
      outcome: 'down',
      error: 'refused',
      duration_ms: 12.5,
      delay_ms: 1.235,
    });
    expect(read({ outcome: 'open', durationMs: undefined, delayMs: 0 })[0]?.fields).toEqual({
      up: 0n,
      outcome: 'open',
      delay_ms: 0,
    });
  });

  it('are flagged when the event loop stood still', () => {
    const lines = read({ stalledMs: 1, readings: [reading({})] });
    expect(lines.map(({ fields }) => fields['stalled'])).toEqual([true, true]);
  });

  it('keep apart what a target exports under a name that every point has', () => {
    const tags = { target: 'theirs', site: 'ams2', time: 'now', exported_site: 'old', probe: '' };
    const [first] = read({ readings: [reading({ tags, fields: { delay_ms: 9, stalled: 0, time: 1, used: 2 } })] });
    expect(first?.tags).toEqual({
      target: 'web-1',
      probe: 'host',
      site: 'fra1',
      exported_target: 'theirs',
      exported_exported_site: 'ams2',
      exported_site: 'old',
      exported_time: 'now',
    });
    expect(first?.fields).toEqual({
      exported_delay_ms: 9,
      exported_stalled: 0,
      exported_time: 1,
      used: 2,
      delay_ms: 1.235,
    });
  });

  it('leave out what cannot be written, and count it', () => {
    const points = new Points();
    const readings = [
      reading({ fields: { a: Number.NaN, b: 1 } }),
      reading({ fields: { a: Number.NaN, b: 2n ** 64n } }),
    ];
    const lines = points.toLines(turn({ readings }));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^cpu,\S+ b=1i?,delay_ms=1.235 /);
    const counts: Record<string, unknown> = {};
    points.measure((_definition, labels, value) => (counts[labels['reason']!] = value));
    expect(counts).toEqual({ 'not-finite': 2, 'out-of-range': 1, unnamed: 0 });
  });
});
