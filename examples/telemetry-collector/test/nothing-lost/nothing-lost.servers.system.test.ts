import { describe, it } from 'vitest';
import { SCENARIOS } from './scenarios.suite.js';

const LONG = { kills: 20, awayMs: 60_000, slowMs: 5_000 };

describe('nothing that was accepted is lost, however long it takes', () => {
  it.each(SCENARIOS)('%s', (_what, run) => run(LONG));
});
