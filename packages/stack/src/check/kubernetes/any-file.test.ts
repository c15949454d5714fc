import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Path } from '../../source/yaml-source.js';
import { BrokenCluster, type Loose } from './broken-cluster.suite.js';

const pathsIn = (value: unknown, path: Path = []): Path[] =>
  typeof value === 'object' && value !== null
    ? [path, ...Object.entries(value).flatMap(([key, below]) => pathsIn(below, [...path, key]))]
    : [path];

const at = (value: Loose, path: Path): Loose => path.reduce((below, key) => below[key], value);

/** Whether the objects still have something at the path that can have keys. */
function isContainer(objects: Loose, path: Path): boolean {
  const value: unknown = at(objects, path);
  return typeof value === 'object' && value !== null;
}

it('survives whatever stands where an object, a list or a text should', () => {
  const paths = new BrokenCluster().objects.flatMap((object, index) => pathsIn(object, [index]));
  expect(paths.length).toBeGreaterThan(1000);
  const wrong = fc.constantFrom<unknown>(null, 'text', 7, true, [], {}, [null], [7], [{}]);
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.constantFrom(...paths), wrong), { minLength: 10, maxLength: 10 }),
      (changes) => {
        const cluster = new BrokenCluster();
        for (const [path, value] of changes) {
          // What an earlier change took away cannot be changed.
          const parents = path.map((_, length) => path.slice(0, length));
          if (parents.every((parent) => isContainer(cluster.objects, parent)))
            at(cluster.objects, path.slice(0, -1))[path.at(-1)!] = structuredClone(value);
        }
        expect(cluster.findings().length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 15, seed: 5 },
  );
}, 180_000);
