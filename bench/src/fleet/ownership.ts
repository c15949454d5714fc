import { Ownership, owners } from '@breakwater/fleet';
import type { Figure } from './figure.js';

const MEMBERS = 100;
const TARGETS = 100_000;
const RUNS = 15;

const WHAT = 'ownership of 100,000 targets over 100 members';

/** Who owns each target, and what a replica works out: at first, and when another dies. And how even the shares are. */
export function ownership(): Figure[] {
  const ids = Array.from({ length: MEMBERS }, (_, index) => `collector-${index + 1}`);
  const names = Array.from({ length: TARGETS }, (_, index) => `device-${index + 1}.example.com`);
  const [allMs, ownMs, deathMs]: [number[], number[], number[]] = [[], [], []];
  let all: readonly string[] = [];
  for (let run = 0; run < RUNS; run++) {
    const share = new Ownership({ id: 'collector-1' });
    share.add(names);
    ownMs.push(timed(() => share.apply({ kind: 'member', ids })));
    deathMs.push(timed(() => share.apply({ kind: 'member', ids: ids.slice(0, -1) })));
    allMs.push(
      timed(() => {
        all = owners(names, ids);
      }),
    );
  }
  const counts = new Map(ids.map((id) => [id, 0]));
  for (const owner of all) counts.set(owner, counts.get(owner)! + 1);
  const even = TARGETS / MEMBERS;
  const furthest = Math.max(...Array.from(counts.values(), (count) => Math.abs(count - even)));
  return [
    { name: `${WHAT}: all of them`, value: median(allMs), unit: 'ms', atMost: 50 },
    { name: `${WHAT}: a replica's own`, value: median(ownMs), unit: 'ms', atMost: 50 },
    { name: `${WHAT}: a replica's own, after a death`, value: median(deathMs), unit: 'ms', atMost: 50 },
    { name: `${WHAT}: furthest from even`, value: (100 * furthest) / even, unit: '%', atMost: 16 },
  ];
}

function timed(run: () => void): number {
  const began = performance.now();
  run();
  return performance.now() - began;
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;
