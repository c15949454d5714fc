import { isRecord, listOf, textOf } from '../../source/shapes.js';
import type { Path, YamlDocument } from '../../source/yaml-source.js';
import { withoutMacros } from './grafana-macros.js';
import type { Usage } from './usage.js';

/** A variable that lists a label's values: `label_values(metric, label)`. */
const LABEL_VALUES = /^\s*label_values\(\s*(?:(.+?)\s*,\s*)?(\w+)\s*\)\s*$/s;
const QUERY_RESULT = /^\s*query_result\((.*)\)\s*$/s;

/** Every PromQL expression of a dashboard: panels, also in rows, annotations and variables. */
export function dashboardUsages(document: YamlDocument): Usage[] {
  const title = textOf(document.at(['title'])) ?? document.file;
  return [
    ...panelUsages(document, ['panels'], `dashboard "${title}"`),
    ...listOf(document.at(['annotations', 'list'])).flatMap((annotation, index) =>
      isRecord(annotation) && isPrometheus(annotation) && typeof annotation['expr'] === 'string'
        ? [
            usage(
              document,
              ['annotations', 'list', index, 'expr'],
              `annotation "${String(annotation['name'])}"`,
              annotation['expr'],
            ),
          ]
        : [],
    ),
    ...listOf(document.at(['templating', 'list'])).flatMap((variable, index) =>
      isRecord(variable) ? variableUsages(document, ['templating', 'list', index], variable) : [],
    ),
  ];
}

const usage = (document: YamlDocument, path: Path, subject: string, query: string): Usage => ({
  document,
  path,
  subject,
  text: withoutMacros(query),
  templates: [],
});

/** Prometheus unless it is said to be something else: InfluxDB and Loki have queries too. */
function isPrometheus(value: Readonly<Record<string, unknown>>): boolean {
  const source = value['datasource'];
  const type = isRecord(source) ? textOf(source['type']) : undefined;
  return type === undefined || type === 'prometheus';
}

function panelUsages(document: YamlDocument, path: Path, within: string): Usage[] {
  return listOf(document.at(path)).flatMap((panel, index) => {
    if (!isRecord(panel)) return [];
    const here = [...path, index];
    const subject = `${within}, panel "${textOf(panel['title']) ?? index}",`;
    const targets = isPrometheus(panel)
      ? listOf(panel['targets']).flatMap((target, at) =>
          isRecord(target) && isPrometheus(target)
            ? targetUsage(document, [...here, 'targets', at], subject, target)
            : [],
        )
      : [];
    return [...targets, ...panelUsages(document, [...here, 'panels'], within)];
  });
}

function targetUsage(
  document: YamlDocument,
  path: Path,
  subject: string,
  target: Readonly<Record<string, unknown>>,
): Usage[] {
  const query = textOf(target['expr']);
  if (query === undefined || query.trim() === '') return [];
  const legend = textOf(target['legendFormat']) ?? '';
  const labels = [...legend.matchAll(/\{\{\s*([\w.]+)\s*\}\}/g)].map(([, label]) => label!);
  const template = { path: [...path, 'legendFormat'], name: `legend "${legend}"`, labels };
  return [{ ...usage(document, [...path, 'expr'], subject, query), templates: labels.length > 0 ? [template] : [] }];
}

function variableUsages(document: YamlDocument, path: Path, variable: Readonly<Record<string, unknown>>): Usage[] {
  if (variable['type'] !== 'query' || !isPrometheus(variable)) return [];
  const { query } = variable;
  const nested = isRecord(query);
  const text = nested ? textOf(query['query']) : textOf(query);
  if (text === undefined) return [];
  const at = [...path, 'query', ...(nested ? ['query'] : [])];
  const subject = `variable "${String(variable['name'])}"`;
  const [, selector, label] = LABEL_VALUES.exec(text) ?? [];
  if (selector !== undefined && label !== undefined) {
    const template = { path: at, name: 'label_values()', labels: [withoutMacros(label)] };
    return [{ ...usage(document, at, subject, selector), templates: [template] }];
  }
  const [, expression] = QUERY_RESULT.exec(text) ?? [];
  return expression === undefined ? [] : [usage(document, at, subject, expression)];
}
