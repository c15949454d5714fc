import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MetricDefinition } from '@breakwater/resilience';
import { ownFiles, ROOT, workspaces } from '../workspace.js';

/** A metric and the package that shows it. */
export interface CatalogEntry extends MetricDefinition {
  readonly package: string;
}

/**
 * The metrics of every package and example, by name: what the `metrics.ts` of their folders export. They are read as built,
 * and only those whose source is still there.
 */
export async function readDefinitions(root: string = ROOT): Promise<CatalogEntry[]> {
  const entries: CatalogEntry[] = [];
  const files = ownFiles(root);
  for (const { folder, manifest } of workspaces(root)) {
    if (!/^(?:packages|examples)\//.test(folder)) continue;
    for (const file of files.filter((path) => path.startsWith(`${folder}/src/`) && path.endsWith('/metrics.ts'))) {
      const built = file.replace('/src/', '/dist/').replace(/\.ts$/, '.js');
      const module = (await import(pathToFileURL(join(root, built)).href)) as Record<string, unknown>;
      entries.push(...definitionsIn(module).map((definition) => ({ ...definition, package: manifest.name })));
    }
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isDefinition = (value: unknown): value is MetricDefinition =>
  isRecord(value) &&
  typeof value['name'] === 'string' &&
  typeof value['type'] === 'string' &&
  isRecord(value['labels']);

/** The lists among what a module exports; other exports, such as the values of a label, are none. */
const definitionsIn = (module: Record<string, unknown>): MetricDefinition[] =>
  Object.values(module).flatMap((list) => (isRecord(list) ? Object.values(list).filter(isDefinition) : []));
