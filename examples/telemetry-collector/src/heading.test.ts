import { describe, expect, it } from 'vitest';
import { readConfig } from './config/config.js';
import { headingOf } from './heading.js';

const lines = (fleet?: { name: string; id: string; address: string }): string[] =>
  headingOf({
    config: readConfig({ TARGETS_FILE: 'targets.yaml' }),
    env: {},
    url: 'http://127.0.0.1:8080',
    circuit: undefined,
    fleet,
    logFile: undefined,
  });

describe('the heading', () => {
  it('says what runs, and where it is to be reached', () => {
    expect(lines().slice(1)).toEqual([
      'Targets: targets.yaml',
      'Points go to data/points/ · http://127.0.0.1:8080 serves /targets, /metrics and /health/ready',
      'Circuits open after 5 failures, and are tried again after 1 min 0 s.',
    ]);
  });

  it('says with whom it shares its targets, and as what', () => {
    expect(lines({ name: 'edge', id: 'rack-1:8080', address: 'redis:6379' }).at(-1)).toBe(
      'Shares its targets with the fleet edge, as rack-1:8080, through Redis at redis:6379 · see /fleet',
    );
  });
});
