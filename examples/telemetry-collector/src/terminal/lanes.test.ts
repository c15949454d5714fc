import { describe, expect, it } from 'vitest';
import { laneOf } from '../delivery/fake-spool.suite.js';
import { laneLines } from './lanes.js';

const BEHIND = laneOf('http://b:8086', {
  pendingPoints: 1_234,
  lagMs: 12_000,
  hold: { reason: 'network', words: 'connect\nECONNREFUSED', untilMs: 0 },
});

describe('the lanes in the terminal', () => {
  it('have a line each, the one that is furthest behind first', () => {
    expect(laneLines([laneOf('http://a:8086', { heldPoints: 20 }), BEHIND])).toEqual([
      '→ http://b:8086: 1,234 points pending, 12 s behind (network: connect ECONNREFUSED)',
      '→ http://a:8086: nothing pending, 20 points held',
    ]);
  });

  it('say which destination waits, and how many more', () => {
    const held = (destination: string) => ({ destination, reason: 'not-found', words: 'gone', untilMs: 0 }) as const;
    const status = { pendingPoints: 3, heldDestinationsLagMs: 12_000, heldDestinations: [held('a/typo')] };
    const line = '→ http://b:8086: 3 points pending; a/typo held for 12 s (not-found: gone)';
    expect(laneLines([laneOf('http://b:8086', status)])).toEqual([line]);
    const two = laneOf('http://b:8086', { ...status, heldDestinations: [held('a/typo'), held('b')] });
    expect(laneLines([two])).toEqual([`${line} and 1 more`]);
  });

  it('are counted where there is no room for all', () => {
    const lanes = [1, 2, 3].map((number) => laneOf(`http://influx-${number}`));
    expect(laneLines([...lanes, BEHIND], 2)[1]).toBe('→ http://influx-1: nothing pending · and 2 more lanes');
  });

  it('take no room where there are none', () => {
    expect(laneLines([])).toEqual([]);
  });
});
