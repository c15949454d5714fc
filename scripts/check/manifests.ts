import { join } from 'node:path/posix';
import type { Manifest, Workspace } from '../workspace.js';
import type { Problem, Repository } from './repository.js';

const LICENSE = 'MIT';
const NODE = '>=20.19';

/** What every package.json says, and what one must say that is published. */
export function checkManifests(repository: Repository): Problem[] {
  const versions = new Map(repository.workspaces.map(({ manifest }) => [manifest.name, manifest['version']]));
  return repository.workspaces.flatMap((workspace) => {
    const published = workspace.folder.startsWith('packages/');
    const messages = [
      ...everyPackage(workspace.manifest, published, versions),
      ...(published ? publishedPackage(workspace, repository.files) : privatePackage(workspace.manifest)),
    ];
    return messages.map((message) => ({ file: `${workspace.folder}/package.json`, message }));
  });
}

function* everyPackage(
  manifest: Manifest,
  published: boolean,
  versions: ReadonlyMap<string, unknown>,
): Generator<string> {
  if (manifest['license'] !== LICENSE) yield `license is ${manifest['license']}; it must be ${LICENSE}`;
  if (manifest['type'] !== 'module') yield 'type must be "module"';
  const node = (manifest['engines'] as { node?: string } | undefined)?.node;
  if (node !== NODE) yield `engines.node is ${node}; it must be ${NODE}`;
  for (const kind of ['dependencies', 'devDependencies', 'peerDependencies'] as const) {
    for (const [name, range] of Object.entries((manifest[kind] ?? {}) as Record<string, string>)) {
      if (versions.has(name) && versions.get(name) !== range)
        yield `${kind}: ${name} is ${range}, and here it is ${versions.get(name)}`;
      // A published package leaves its users room; everything else is the same on every machine.
      const fixed = kind === 'devDependencies' || (kind === 'dependencies' && !published);
      if (fixed && !/^\d+\.\d+\.\d+$/.test(range)) yield `${kind}: ${name} is ${range}; name one version`;
    }
  }
}

function* privatePackage(manifest: Manifest): Generator<string> {
  if (manifest.private !== true) yield 'only what lies in packages/ is published; set "private": true';
}

function* publishedPackage({ folder, manifest }: Workspace, files: ReadonlySet<string>): Generator<string> {
  if (manifest.private === true) yield 'it lies in packages/, so it is published: remove "private"';
  if (typeof manifest['description'] !== 'string') yield 'description is missing';
  if (!isProgram(manifest) && manifest['sideEffects'] !== false)
    yield 'sideEffects must be false, so that bundlers drop what nobody imports';
  for (const file of ['README.md', 'LICENSE']) {
    if (!files.has(join(folder, file))) yield `${file} is missing beside it`;
  }
  const packed = manifest['files'];
  if (!Array.isArray(packed) || !['dist', 'README.md', 'LICENSE'].every((file) => packed.includes(file))) {
    yield 'files must name dist, README.md and LICENSE';
  }
  const test = ['dependencies', 'peerDependencies'].find(
    (kind) => '@breakwater/testbed' in ((manifest[kind] ?? {}) as object),
  );
  if (test !== undefined) yield `${test}: the testbed is for tests; it belongs to devDependencies`;
  if (!isProgram(manifest)) yield* publishedEntries(folder, manifest, files);
}

/** What is started, and never imported. */
const isProgram = (manifest: Manifest): boolean => manifest['bin'] !== undefined && manifest.exports === undefined;

function* publishedEntries(folder: string, manifest: Manifest, files: ReadonlySet<string>): Generator<string> {
  const entries = Object.entries(manifest.exports ?? {});
  if (manifest.exports?.['.'] === undefined) yield 'exports has no "."';
  for (const [entry, target] of entries) {
    const path = `./dist/${entry === '.' ? '' : `${entry.slice(2)}/`}index`;
    const expected = JSON.stringify({ types: `${path}.d.ts`, default: `${path}.js` });
    if (JSON.stringify(target) !== expected) yield `exports["${entry}"] must be ${expected}`;
    if (!files.has(join(folder, path.replace('./dist/', 'src/')).concat('.ts')))
      yield `exports["${entry}"] has no source`;
  }
}
