import type { Finding } from '../../finding.js';
import { suggestLabel } from '../../promql/context.js';
import { closest } from '../../source/closest.js';
import { isRecord, listOf, textOf } from '../../source/shapes.js';
import type { Path, YamlDocument } from '../../source/yaml-source.js';
import type { Artifacts } from '../artifacts.js';
import { readAdapterRules } from './adapter-rules.js';
import type { SeriesBook } from './series-book.js';
import { clusterBook, type ServedMetric, servedMetrics } from './served-metrics.js';

type Found = Omit<Finding, 'check'>;

interface CustomMetric {
  readonly document: YamlDocument;
  readonly path: Path;
  readonly hpa: string;
  readonly type: 'Pods' | 'Object' | 'External';
  readonly name: string;
  readonly matchLabels: readonly string[];
}

const KEYS = { Pods: 'pods', Object: 'object', External: 'external' } as const;

function customMetrics(document: YamlDocument): CustomMetric[] {
  if (document.at(['kind']) !== 'HorizontalPodAutoscaler') return [];
  return listOf(document.at(['spec', 'metrics'])).flatMap((metric, index) => {
    const type = isRecord(metric) ? metric['type'] : undefined;
    if (type !== 'Pods' && type !== 'Object' && type !== 'External') return [];
    const path = ['spec', 'metrics', index, KEYS[type], 'metric'];
    const name = textOf(document.at([...path, 'name']));
    const labels = document.at([...path, 'selector', 'matchLabels']);
    const hpa = String(document.at(['metadata', 'name']));
    return name === undefined
      ? []
      : [{ document, path, hpa, type, name, matchLabels: Object.keys(isRecord(labels) ? labels : {}) }];
  });
}

export function hpaFindings(artifacts: Artifacts): Found[] {
  const metrics = artifacts.manifests.flatMap(({ documents }) => documents.flatMap(customMetrics));
  const book = clusterBook(artifacts);
  if (metrics.length === 0 || book === undefined) return [];
  const rules = readAdapterRules(artifacts);
  const served = servedMetrics(rules, book);
  return metrics.flatMap((metric) =>
    rules.length === 0 ? withoutRules(metric, book) : withRules(metric, served, book),
  );
}

function found({ document, path, hpa, type, name }: CustomMetric, message: string, fix: string): Found {
  const line = document.lineOf([...path, 'name']);
  const subject = `HPA ${hpa} scales on the ${type} metric ${name}`;
  return { severity: 'error', file: document.file, line, message: `${subject}, ${message}`, fix };
}

/** The adapter may be set up elsewhere, but no rule can serve a series that nobody has. */
function withoutRules(metric: CustomMetric, book: SeriesBook): Found[] {
  const { message, fix } = book.missing(metric.name);
  if (message.includes('bare name')) {
    const write = `${fix} in the rule of prometheus-adapter that makes it`;
    return [found(metric, 'the bare name of a histogram, which no series has', write)];
  }
  const rule = 'write the rule of prometheus-adapter that makes it beside the HPA';
  return [{ ...found(metric, 'and no rule of prometheus-adapter in these files makes it', rule), severity: 'warning' }];
}

function withRules(metric: CustomMetric, served: readonly ServedMetric[], book: SeriesBook): Found[] {
  const external = metric.type === 'External';
  const made = served.filter((one) => one.name === metric.name && one.external === external);
  if (made.length === 0) {
    const names = served.filter((one) => one.external === external).map(({ name }) => name);
    const elsewhere = served.some((one) => one.name === metric.name);
    const near = closest(metric.name, names);
    const list = names.slice(0, 5).join(', ') || 'none';
    const fix = elsewhere
      ? `put its rule under ${external ? 'externalRules' : 'rules'}`
      : near === undefined
        ? `write a rule with name.as: ${metric.name}; the rules make ${list}`
        : `did you mean ${near}?`;
    const bare = book.missing(metric.name).message.includes('bare name') ? ' (the bare name of a histogram)' : '';
    return [found(metric, `and no rule of prometheus-adapter makes it${bare}`, fix)];
  }
  return metric.matchLabels
    .filter((label) => made.every(({ labels }) => labels.of(label).presence === 'never'))
    .map((label) =>
      found(
        metric,
        `with the label "${label}", which ${made[0]!.series} does not have`,
        suggestLabel(label, made[0]!.labels),
      ),
    );
}
