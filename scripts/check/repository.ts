import { readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { ownFiles, ROOT, type Workspace, workspaces } from '../workspace.js';
import { type Import, readImports } from './imports.js';

/** A TypeScript file that people wrote. */
export interface Source {
  /** Relative to the root, with forward slashes. */
  readonly file: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** What the checks look at, read once. */
export interface Repository {
  readonly root: string;
  readonly files: ReadonlySet<string>;
  readonly workspaces: readonly Workspace[];
  readonly sources: readonly Source[];
}

/** One thing to mend. */
export interface Problem {
  readonly file: string;
  readonly line?: number;
  readonly message: string;
}

export function readRepository(root: string = ROOT): Repository {
  const files = ownFiles(root);
  const sources = files
    .filter((file) => /\.m?tsx?$/.test(file))
    .map((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      return { file, text, imports: readImports(file, text) };
    });
  return { root, files: new Set(files), workspaces: workspaces(root), sources };
}

/** Tests, the suites that several tests share, and what only they use. */
export const isTest = (file: string): boolean => /\.(?:test|suite)\.ts$|\/test\//.test(file);

/** The source file that a relative specifier means. */
export const resolveRelative = (file: string, specifier: string): string =>
  join(file, '..', specifier).replace(/\.(m?)js$/, '.$1ts');
