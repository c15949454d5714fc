import type { Workspace } from '../workspace.js';
import { type Problem, type Repository, resolveRelative, type Source } from './repository.js';

/** An optional peer has one entry of its own: who imports anything else of the package need not install it. */
export function checkOptionalPeers({ sources, workspaces }: Repository): Problem[] {
  const byFile = new Map(sources.map((source) => [source.file, source]));
  return workspaces.flatMap((workspace) => {
    const peers = Object.keys((workspace.manifest['peerDependenciesMeta'] as object | undefined) ?? {});
    const entries = Object.keys(workspace.manifest.exports ?? {});
    return peers.flatMap((peer) => judge(workspace, peer, entries, byFile));
  });
}

function judge(workspace: Workspace, peer: string, entries: readonly string[], byFile: Sources): Problem[] {
  const users = entries.filter((entry) => packagesBehind(sourceOf(workspace, entry), byFile).has(peer));
  const file = `${workspace.folder}/package.json`;
  if (users.includes('.')) return [{ file, message: `the main entry needs ${peer}, which is an optional peer` }];
  if (users.length > 1)
    return [{ file, message: `${peer} is an optional peer, and ${users.join(' and ')} need it; one may` }];
  return [];
}

const sourceOf = ({ folder }: Workspace, entry: string) =>
  `${folder}/src/${entry === '.' ? '' : `${entry.slice(2)}/`}index.ts`;

type Sources = ReadonlyMap<string, Source>;

/** Every package that a file needs, directly or through the files that it imports. Types count: a user compiles them. */
function packagesBehind(start: string, byFile: Sources): Set<string> {
  const packages = new Set<string>();
  const files = new Set([start]);
  for (const file of files) {
    for (const { specifier } of byFile.get(file)?.imports ?? []) {
      if (specifier.startsWith('.')) files.add(resolveRelative(file, specifier));
      else packages.add(specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'));
    }
  }
  return packages;
}
