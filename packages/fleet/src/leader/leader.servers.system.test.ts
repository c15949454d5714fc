import { expect, it } from 'vitest';
import { Arena } from './arena.suite.js';
import { breakAndMend, FAULTS } from './arena-faults.suite.js';

const ROUNDS = 40;

it(`keeps the order of its leaders' acts through ${ROUNDS} faults in any order`, async () => {
  await using arena = await Arena.open(1_500);
  await arena.succession(0, arena.now());
  const kinds = Object.keys(FAULTS);
  for (let round = 0; round < ROUNDS; round++) {
    const what = kinds[Math.floor(Math.random() * kinds.length)]!;
    const { acted, words } = await breakAndMend(arena, what);
    process.stdout.write(`${round}. ${words}\n`);
    expect(acted, what).toBeLessThan(2);
    expect(arena.workload.outOfOrder, what).toEqual([]);
  }
  process.stdout.write(`${arena.summary}\n`);
  expect(arena.problems).toEqual([]);
});
