import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../', import.meta.url));

const NOT_OURS = new Set(['node_modules', 'dist']);
// Written by runs, and ignored by git.
const OUTPUT = new Set(['data', 'reports', 'coverage']);

/** Every file below `root` that people wrote, as a path relative to it with forward slashes, sorted. */
export function ownFiles(root: string = ROOT): string[] {
  const files: string[] = [];
  const visit = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (NOT_OURS.has(entry.name) || entry.name.startsWith('.')) continue;
      if (folder === root && OUTPUT.has(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else files.push(relative(root, path).split(sep).join('/'));
    }
  };
  visit(root);
  return files.sort();
}

export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

export interface Workspace {
  /** Relative to the root: `packages/resilience`. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Every workspace of the repository. */
export function workspaces(root: string = ROOT): Workspace[] {
  return ownFiles(root)
    .filter((file) => /^(?:(?:packages|examples)\/[^/]+|testbed|bench)\/package\.json$/.test(file))
    .map((file) => ({
      folder: file.slice(0, -'/package.json'.length),
      manifest: JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest,
    }));
}

/** Those that are published: what lies in `packages/`. */
export const publishable = (root: string = ROOT): Workspace[] =>
  workspaces(root).filter(({ folder }) => folder.startsWith('packages/'));
