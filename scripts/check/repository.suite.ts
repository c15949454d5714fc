import type { Manifest, Workspace } from '../workspace.js';
import { readImports } from './imports.js';
import type { Repository } from './repository.js';

export type Files = Readonly<Record<string, string | Manifest>>;

/** A repository that exists in a test only: file names with their text, package.json as an object. */
export function repositoryOf(files: Files): Repository {
  const workspaces: Workspace[] = [];
  for (const [file, content] of Object.entries(files)) {
    if (typeof content === 'object')
      workspaces.push({ folder: file.replace(/\/package\.json$/, ''), manifest: content });
  }
  const sources = Object.entries(files).flatMap(([file, text]) =>
    typeof text === 'string' && file.endsWith('.ts') ? [{ file, text, imports: readImports(file, text) }] : [],
  );
  return { root: '/nowhere', files: new Set(Object.keys(files)), workspaces, sources };
}
