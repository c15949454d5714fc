import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem, Repository } from './repository.js';

interface LockedPackage {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  /** A workspace, linked into node_modules. */
  readonly link?: boolean;
  /** Needed to work on the repository only, never by a user. */
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const FILE = 'package-lock.json';
const PERMISSIVE = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT']);

/**
 * Packages are named by version and checksum, since an address would tie everybody to one registry. The binaries of every
 * platform are locked, or `npm ci` fails. What users install with ours has a permissive licence.
 */
export function checkLockfile({ root }: Pick<Repository, 'root'>): Problem[] {
  const { packages } = JSON.parse(readFileSync(join(root, FILE), 'utf8')) as {
    packages: Record<string, LockedPackage>;
  };
  const foreign = Object.entries(packages).filter(
    ([path, { link }]) => path.includes('node_modules/') && link !== true,
  );
  const names = new Set(foreign.map(([path]) => path.replace(/^.*node_modules\//, '')));
  return foreign.flatMap(([path, locked]) => {
    const messages = [...judge(path, locked), ...unlocked(path, locked, names)];
    return messages.map((message) => ({ file: FILE, message }));
  });
}

function* judge(path: string, { resolved, integrity, license, dev }: LockedPackage): Generator<string> {
  if (resolved !== undefined) yield `${path} names a download address; npm install writes none here`;
  if (integrity === undefined) yield `${path} has no checksum`;
  if (dev !== true && !PERMISSIVE.has(license ?? ''))
    yield `${path} is licensed ${license ?? 'in no way that it names'}`;
}

/** Optional dependencies that the registry did not have when the lockfile was written. */
function* unlocked(
  path: string,
  { optionalDependencies = {} }: LockedPackage,
  names: ReadonlySet<string>,
): Generator<string> {
  for (const name of Object.keys(optionalDependencies)) {
    if (!names.has(name))
      yield `${path} may need ${name}, which is not locked; take a version that the registry has in full`;
  }
}
