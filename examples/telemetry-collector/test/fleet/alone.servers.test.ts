import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FleetRig } from '@breakwater/testbed';
import { expect, it } from 'vitest';
import { offsetOf } from '../../src/flow/offset.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

it('one collector that knows of no others takes every turn of every target once', async () => {
  await using rig = await FleetRig.start({ main: MAIN, offsetOf, collectors: 1 });
  const [collector] = rig.collectors;
  await collector!.start();
  await pause(3_000);
  const fromMs = Date.now();
  await pause(6_000);
  const { due, gaps, repeats, strangers } = await rig.conclude(fromMs, Date.now() - 1_000);
  expect(due).toBeGreaterThan(1_400);
  expect({ gaps, repeats, strangers }).toEqual({ gaps: [], repeats: [], strangers: [] });
});
