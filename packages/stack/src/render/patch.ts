import { StackFileError } from '../file/stack-file-error.js';
import type { Finding } from '../finding.js';
import type { Plan } from '../plan/plan.js';
import { closest } from '../source/closest.js';
import { isRecord } from '../source/shapes.js';
import { type Path, type YamlDocument, YamlSource } from '../source/yaml-source.js';
import { addLines } from './haproxy-patch.js';
import { merge } from './merge.js';
import { renderStack } from './render.js';
import type { RenderedFile } from './rendered-file.js';
import { yamlText } from './yaml-text.js';

/** What a patch cannot do: where it stands below `patches`, why, and what to write instead. */
class PatchMistake extends Error {
  override readonly name = 'PatchMistake';
  readonly path: Path;
  readonly fix: string;

  constructor(path: Path, message: string, fix: string) {
    super(message);
    this.path = path;
    this.fix = fix;
  }
}

/**
 * Everything that a stack file is rendered into, with its patches applied.
 * @throws StackFileError where a patch names something that is not there.
 */
export function renderPatched(plan: Plan, document: YamlDocument): RenderedFile[] {
  const files = renderStack(plan);
  const mistakes: Finding[] = [];
  const attempt = <T>(apply: () => T): T | undefined => {
    try {
      return apply();
    } catch (error) {
      if (!(error instanceof PatchMistake)) throw error;
      const { message, fix } = error;
      const line = document.lineOf(['patches', ...error.path]);
      mistakes.push({ check: 'patch', severity: 'error', file: document.file, line, message, fix });
      return undefined;
    }
  };
  const { patches } = plan.stack;
  for (const path of Object.keys(patches)) attempt(() => checkOutput(path, files));
  const patched = files.map((file) => {
    const patch = patches[file.path];
    return patch === undefined ? file : (attempt(() => ({ ...file, text: patchedText(file, patch) })) ?? file);
  });
  if (mistakes.length > 0) throw new StackFileError(document.file, mistakes);
  return patched;
}

function checkOutput(path: string, files: readonly RenderedFile[]): void {
  const names = files.map((file) => file.path);
  if (names.includes(path)) return;
  const near = closest(path, names);
  const fix = near === undefined ? `outputs are ${names.join(', ')}` : `did you mean ${near}?`;
  throw new PatchMistake([path], `patches: ${path} is not an output`, fix);
}

type Patch = Plan['stack']['patches'][string];

function patchedText({ path, text }: RenderedFile, patch: Patch): string {
  if (path.endsWith('.cfg')) return patchedLines(path, text, patch);
  if (!/\.(?:ya?ml|json)$/.test(path)) {
    throw new PatchMistake([path], `patches: ${path} is neither YAML, JSON nor a proxy configuration`, 'leave it out');
  }
  const documents = new YamlSource(path, text).documents.map(({ value }) => value);
  if (Array.isArray(patch)) return show(path, mergeObjects(path, documents, patch));
  if (documents.length > 1) {
    const fix = 'write a list of { target: { kind, name }, merge: { … } }';
    throw new PatchMistake([path], `patches: ${path} has ${documents.length} objects`, fix);
  }
  return show(path, [merge(documents[0], patch)]);
}

const show = (path: string, documents: readonly unknown[]): string =>
  path.endsWith('.json') ? `${JSON.stringify(documents[0], undefined, 2)}\n` : yamlText(documents);

function mergeObjects(path: string, documents: readonly unknown[], patches: readonly unknown[]): unknown[] {
  const patched = [...documents];
  for (const [index, patch] of patches.entries()) {
    const { target, merge: change, ...rest } = isRecord(patch) ? patch : {};
    if (!isRecord(target) || !isRecord(change) || Object.keys(rest).length > 0) {
      throw new PatchMistake([path, index], `patches: ${path}: an entry cannot be read`, FORM);
    }
    const at = patched.findIndex((each) => isTarget(each, target));
    if (at === -1) {
      const names = documents.map((each) => nameOf(each)).join(', ');
      const wanted = `${String(target['kind'])}/${String(target['name'])}`;
      throw new PatchMistake([path, index], `patches: ${path} has no ${wanted}`, `it has ${names}`);
    }
    patched[at] = merge(patched[at], change);
  }
  return patched;
}

const FORM = 'write { target: { kind: …, name: … }, merge: { … } }';

const metadataName = (object: unknown): unknown =>
  isRecord(object) && isRecord(object['metadata']) ? object['metadata']['name'] : undefined;

const isTarget = (object: unknown, target: Record<string, unknown>): boolean =>
  isRecord(object) && object['kind'] === target['kind'] && metadataName(object) === target['name'];

const nameOf = (object: unknown): string =>
  isRecord(object) ? `${String(object['kind'])}/${String(metadataName(object))}` : 'no object';

function patchedLines(path: string, text: string, patch: Patch): string {
  const entries = Array.isArray(patch) ? patch : [patch];
  return entries.reduce<string>((before, entry, index) => {
    const { section, add, ...rest } = isRecord(entry) ? entry : {};
    const isRight = typeof section === 'string' && Array.isArray(add) && Object.keys(rest).length === 0;
    if (!isRight || !add.every((line) => typeof line === 'string' && !/[\r\n]/.test(line))) {
      const fix = 'write { section: "backend influxdb", add: ["one line", …] }';
      throw new PatchMistake([path, index], `patches: ${path}: an entry cannot be read`, fix);
    }
    const after = addLines(before, section, add as string[]);
    if (typeof after === 'string') return after;
    throw new PatchMistake([path, index], `patches: ${path} has no section "${section}"`, `it has ${after.join(', ')}`);
  }, text);
}
