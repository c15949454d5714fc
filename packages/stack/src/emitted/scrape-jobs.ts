import { type LabelFact, LabelSet } from '../promql/label-set.js';
import { matchesPattern } from '../promql/pattern.js';
import { isRecord, listOf, textOf } from '../source/shapes.js';
import type { YamlSource } from '../source/yaml-source.js';

/** One job of a prometheus.yml, and what it adds to whatever it scrapes. */
export interface ScrapeJob {
  readonly name: string;
  /** Labels of the target: `job`, `instance`, static ones, and those that relabelling makes. */
  readonly labels: LabelSet;
  readonly honorLabels: boolean;
  /** Labels that are taken away from every sample. */
  readonly dropsLabel: (label: string) => boolean;
  /** Whether samples of that name are dropped. */
  readonly drops: (series: string) => boolean;
}

const ANY: LabelFact = { presence: 'always', values: 'any' };
const PERHAPS: LabelFact = { presence: 'sometimes', values: 'any' };

/** Who discovers targets together with labels of their own. */
const OWN_LABELS = ['file_sd_configs', 'http_sd_configs'];

/** The jobs of prometheus.yml; undefined where none was given, or where it says that others are in further files. */
export function scrapeJobs(sources: readonly YamlSource[]): readonly ScrapeJob[] | undefined {
  const documents = sources.flatMap((source) => source.documents.map(({ value }) => value)).filter(isRecord);
  const configs = documents.filter((document) => Array.isArray(document['scrape_configs']));
  if (configs.length === 0 || documents.some((document) => document['scrape_config_files'] !== undefined))
    return undefined;
  return configs.flatMap((config) => listOf(config['scrape_configs']).filter(isRecord).map(scrapeJob));
}

function scrapeJob(config: Readonly<Record<string, unknown>>): ScrapeJob {
  const name = textOf(config['job_name']) ?? '';
  const onTargets = listOf(config['relabel_configs']).filter(isRecord);
  const onSamples = listOf(config['metric_relabel_configs']).filter(isRecord);
  const open =
    OWN_LABELS.some((key) => config[key] !== undefined) || onTargets.some(({ action }) => action === 'labelmap');
  let labels = new LabelSet(
    new Map([
      ['job', { presence: 'always', values: [name] }],
      ['instance', ANY],
    ]),
    open,
  );
  for (const [label, fact] of staticLabels(config)) labels = labels.with(label, fact);
  for (const rule of [...onTargets, ...onSamples]) labels = relabel(labels, rule);
  return {
    name,
    labels,
    honorLabels: config['honor_labels'] === true,
    dropsLabel: (label) => onSamples.some((rule) => rule['action'] === 'labeldrop' && matches(rule, label)),
    drops: (series) => onSamples.some((rule) => dropsSeries(rule, series)),
  };
}

/** Labels of `static_configs`: always there where each has them. */
function staticLabels(config: Readonly<Record<string, unknown>>): Map<string, LabelFact> {
  const groups = listOf(config['static_configs']).filter(isRecord);
  const others = Object.keys(config).some((key) => key.endsWith('_sd_configs'));
  const values = new Map<string, string[]>();
  for (const group of groups) {
    for (const [label, value] of Object.entries(isRecord(group['labels']) ? group['labels'] : {})) {
      values.set(label, [...(values.get(label) ?? []), String(value)]);
    }
  }
  return new Map(
    [...values].map(([label, list]) => [
      label,
      { presence: list.length === groups.length && !others ? 'always' : 'sometimes', values: [...new Set(list)] },
    ]),
  );
}

function relabel(labels: LabelSet, rule: Readonly<Record<string, unknown>>): LabelSet {
  const target = textOf(rule['target_label']);
  const action = textOf(rule['action']) ?? 'replace';
  if (
    target === undefined ||
    target.startsWith('__') ||
    !['replace', 'hashmod', 'lowercase', 'uppercase'].includes(action)
  ) {
    return labels;
  }
  const fixed =
    rule['source_labels'] === undefined && rule['regex'] === undefined ? textOf(rule['replacement']) : undefined;
  if (fixed !== undefined) return labels.with(target, { presence: 'always', values: [fixed] });
  const before = labels.of(target).presence;
  return labels.with(target, before === 'always' ? ANY : PERHAPS);
}

const matches = (rule: Readonly<Record<string, unknown>>, value: string): boolean =>
  matchesPattern(textOf(rule['regex']) ?? '(.*)', value);

function dropsSeries(rule: Readonly<Record<string, unknown>>, series: string): boolean {
  const sources = listOf(rule['source_labels']);
  if (sources.length !== 1 || sources[0] !== '__name__') return false;
  return rule['action'] === 'drop' ? matches(rule, series) : rule['action'] === 'keep' && !matches(rule, series);
}
