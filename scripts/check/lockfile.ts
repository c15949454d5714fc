import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem, Repository } from './repository.js';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
}

/** Packages are named by version and checksum: an address would tie everybody to one registry. */
export function checkLockfile({ root }: Pick<Repository, 'root'>): Problem[] {
  const file = 'package-lock.json';
  const { packages } = JSON.parse(readFileSync(join(root, file), 'utf8')) as {
    packages: Record<string, LockedPackage>;
  };
  return Object.entries(packages).flatMap(([path, { resolved, integrity, link }]) => {
    if (!path.includes('node_modules/') || link === true) return [];
    if (resolved !== undefined)
      return [{ file, message: `${path} names a download address; npm install writes none here` }];
    return integrity === undefined ? [{ file, message: `${path} has no checksum` }] : [];
  });
}
