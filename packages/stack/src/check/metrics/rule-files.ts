import { isRecord, listOf, textOf } from '../../source/shapes.js';
import type { Path, YamlDocument } from '../../source/yaml-source.js';
import type { Artifacts } from '../artifacts.js';

interface Rule {
  readonly document: YamlDocument;
  readonly path: Path;
  readonly text: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Alert extends Rule {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Recording extends Rule {
  readonly name: string;
  /** `file:line` */
  readonly place: string;
}

export interface Rules {
  readonly alerts: readonly Alert[];
  readonly recordings: readonly Recording[];
}

/** The rules of all files, and of PrometheusRule objects among the manifests. */
export function readRules(artifacts: Artifacts): Rules {
  const files = artifacts.rules.flatMap(({ documents }) => documents.map((document) => rulesIn(document, [])));
  const objects = artifacts.manifests
    .flatMap(({ documents }) => documents)
    .filter((document) => document.at(['kind']) === 'PrometheusRule')
    .map((document) => rulesIn(document, ['spec']));
  const all = [...files, ...objects];
  return { alerts: all.flatMap(({ alerts }) => alerts), recordings: all.flatMap(({ recordings }) => recordings) };
}

function rulesIn(document: YamlDocument, root: Path): Rules {
  const alerts: Alert[] = [];
  const recordings: Recording[] = [];
  for (const [group, value] of listOf(document.at([...root, 'groups'])).entries()) {
    if (!isRecord(value)) continue;
    for (const [index, rule] of listOf(value['rules']).entries()) {
      if (!isRecord(rule)) continue;
      const path = [...root, 'groups', group, 'rules', index];
      // YAML reads `expr: 1` as a number.
      const text = typeof rule['expr'] === 'number' ? String(rule['expr']) : textOf(rule['expr']);
      if (text === undefined) continue;
      const labels = { ...textsOf(value['labels']), ...textsOf(rule['labels']) };
      const common = { document, path, text, labels };
      const alert = textOf(rule['alert']);
      if (alert !== undefined) alerts.push({ ...common, name: alert, annotations: textsOf(rule['annotations']) });
      const record = textOf(rule['record']);
      const place = `${document.file}:${document.lineOf(path)}`;
      if (record !== undefined) recordings.push({ ...common, name: record, place });
    }
  }
  return { alerts, recordings };
}

const textsOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(isRecord(value) ? value : {}).map(([key, text]) => [key, String(text)]));
