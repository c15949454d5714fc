import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Extractor, ExtractorConfig, type ExtractorMessage } from '@microsoft/api-extractor';
import { publishable, ROOT, type Workspace } from './workspace.js';

/** One exports entry of a package, and the file in which its public surface is reviewed. */
interface Entry {
  readonly types: string;
  readonly report: string;
}

const isConditions = (value: unknown): value is { types: string } =>
  typeof value === 'object' && value !== null && typeof (value as { types?: unknown }).types === 'string';

function entriesOf({ manifest }: Workspace): Entry[] {
  return Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) => {
    const name = subpath === '.' ? 'index' : subpath.slice('./'.length).replaceAll('/', '-');
    return isConditions(target) ? [{ types: target.types, report: `${name}.api.md` }] : [];
  });
}

/**
 * Compares the public surface of every published package, as built, with its files under `api/`, and writes them when
 * asked to. Returns what differs, one line each. API Extractor brings the compiler that it needs.
 */
export function apiFiles({ write }: { write: boolean }): string[] {
  return publishable().flatMap((workspace) => {
    const folder = join(ROOT, workspace.folder, 'api');
    mkdirSync(folder, { recursive: true });
    const entries = entriesOf(workspace);
    const surfaces = entries.map((entry) => compare(workspace, folder, entry, write));
    const exported = new Set(surfaces.flatMap(({ names }) => names));
    return [
      ...surfaces.flatMap(({ problems }) => problems),
      ...nameless(surfaces, exported).map(
        (name) => `${workspace.folder}: ${name} is part of the surface but exported nowhere`,
      ),
      ...leftovers(workspace, folder, entries, write),
    ];
  });
}

interface Surface {
  readonly names: readonly string[];
  /** Types that the surface mentions and this entry does not export. */
  readonly forgotten: readonly string[];
  readonly problems: readonly string[];
}

/** Types that a user meets and cannot name: no entry exports them. Constants that only a type is derived from may hide. */
const nameless = (surfaces: readonly Surface[], exported: ReadonlySet<string>) =>
  [...new Set(surfaces.flatMap(({ forgotten }) => forgotten))]
    .filter((name) => !exported.has(name) && !/^[A-Z_]+$/.test(name))
    .sort();

function compare(workspace: Workspace, folder: string, { types, report }: Entry, write: boolean): Surface {
  const scratch = mkdtempSync(join(tmpdir(), 'breakwater-api-'));
  const forgotten: string[] = [];
  const problems: string[] = [];
  try {
    const config = ExtractorConfig.prepare({
      configObjectFullPath: undefined,
      packageJsonFullPath: join(ROOT, workspace.folder, 'package.json'),
      configObject: {
        projectFolder: join(ROOT, workspace.folder),
        mainEntryPointFilePath: join(ROOT, workspace.folder, types),
        compiler: { overrideTsconfig: { compilerOptions: COMPILER_OPTIONS } },
        apiReport: {
          enabled: true,
          reportFileName: report,
          reportFolder: folder,
          reportTempFolder: scratch,
          includeForgottenExports: true,
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        newlineKind: 'lf',
        messages: { extractorMessageReporting: { default: NOT_IN_THE_FILE } },
      },
    });
    const messageCallback = (message: ExtractorMessage) => {
      message.handled = true;
      if (message.messageId === 'ae-forgotten-export') forgotten.push(/"(.+?)"/.exec(message.text)![1]!);
      if (message.category === 'Compiler') problems.push(`${workspace.folder} ${report}: ${message.text}`);
    };
    const result = Extractor.invoke(config, { localBuild: write, messageCallback });
    if (result.apiReportChanged && !write) problems.push(`${workspace.folder}/api/${report} is stale`);
    return { names: exportedNames(readFileSync(join(scratch, report), 'utf8')), forgotten, problems };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

const exportedNames = (report: string) =>
  [...report.matchAll(/^export (?:declare |abstract )*(?:class|const|enum|function|interface|type) (\w+)/gm)].map(
    (match) => match[1]!,
  );

/** Files under `api/` whose entry is gone. */
function leftovers(workspace: Workspace, folder: string, entries: readonly Entry[], write: boolean): string[] {
  const known = new Set(entries.map(({ report }) => report));
  const left = readdirSync(folder).filter((file) => !known.has(file));
  if (write) for (const file of left) rmSync(join(folder, file));
  return write ? [] : left.map((file) => `${workspace.folder}/api/${file} belongs to no entry of exports`);
}

const COMPILER_OPTIONS = {
  target: 'ES2022',
  lib: ['ES2023', 'ESNext.Disposable'],
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  types: ['node'],
  strict: true,
  skipLibCheck: true,
};

// Messages carry line numbers: the file would change whenever a line moves.
const NOT_IN_THE_FILE = { logLevel: 'none', addToApiReportFile: false } as never;

if (import.meta.url === pathToFileURL(process.argv[1]!).href) {
  const problems = apiFiles({ write: true });
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
