import { expect, it } from 'vitest';
import { Arena } from './arena.suite.js';
import { breakAndMend, FAULTS } from './arena-faults.suite.js';

it('never acts under two terms at once, and has a new leader within two leases', async () => {
  await using arena = await Arena.open(3_000);
  const { workload } = arena;
  await arena.succession(0, arena.now());
  const report: string[] = [];
  for (const what of Object.keys(FAULTS)) {
    const { refused } = workload;
    const { acted, words } = await breakAndMend(arena, what);
    report.push(words);
    expect(acted, what).toBeLessThan(2);
    expect(workload.outOfOrder, what).toEqual([]);
    // What was held up arrived after the new leader's stamp.
    if (what.endsWith('on its way')) expect(workload.refused, what).toBeGreaterThan(refused);
  }
  process.stdout.write(`${report.join('\n')}\n${arena.summary}\n`);
  expect(arena.problems).toEqual([]);
});
