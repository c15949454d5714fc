import { scrapeJobs } from '../../emitted/scrape-jobs.js';
import type { Finding } from '../../finding.js';
import { suggestLabel } from '../../promql/context.js';
import { infer } from '../../promql/infer.js';
import { parsePromql } from '../../promql/parse.js';
import type { SeriesIndex } from '../../promql/series.js';
import type { ProblemCode, Shape } from '../../promql/shape.js';
import type { YamlDocument } from '../../source/yaml-source.js';
import type { Artifacts } from '../artifacts.js';
import { dashboardUsages } from './dashboards.js';
import { readRules } from './rule-files.js';
import { alertUsages, recordingUsage } from './rule-usages.js';
import { scaledObjectUsages } from './scaled-objects.js';
import { SeriesBook } from './series-book.js';
import { findingAt, type Usage } from './usage.js';

export type MetricsFinding = Omit<Finding, 'check'> & { readonly code: ProblemCode | 'syntax' | 'template' };

const analyses = new WeakMap<Artifacts, readonly MetricsFinding[]>();

/** What is wrong with the expressions of all files, worked out once for all checks. */
export function analyse(artifacts: Artifacts): readonly MetricsFinding[] {
  const known = analyses.get(artifacts);
  if (known !== undefined) return known;
  const book = seriesBookOf(artifacts);
  const findings = usagesOf(artifacts).flatMap((usage) => analyseUsage(usage, book));
  analyses.set(artifacts, findings);
  return findings;
}

/** Undefined where nobody said what is emitted. */
export function seriesBookOf(artifacts: Artifacts): SeriesBook | undefined {
  const { emitted } = artifacts;
  if (emitted === undefined) return undefined;
  const { recordings, alerts } = readRules(artifacts);
  const names = [...new Set(alerts.map(({ name }) => name))];
  return new SeriesBook({ emitted, jobs: scrapeJobs(artifacts.prometheus), recordings, alerts: names });
}

const dashboards = new WeakMap<YamlDocument, Usage[]>();

/** Read once for all stacks that have it. */
function usagesOfDashboard(document: YamlDocument): Usage[] {
  const usages = dashboards.get(document) ?? dashboardUsages(document);
  dashboards.set(document, usages);
  return usages;
}

export function usagesOf(artifacts: Artifacts): Usage[] {
  const { alerts, recordings } = readRules(artifacts);
  return [
    ...alerts.flatMap(alertUsages),
    ...recordings.map(recordingUsage),
    ...artifacts.dashboards.flatMap(({ documents }) => documents.flatMap(usagesOfDashboard)),
    ...artifacts.manifests.flatMap(({ documents }) => documents.flatMap(scaledObjectUsages)),
  ];
}

const parses = new WeakMap<Usage, ReturnType<typeof parsePromql>>();

/** Without a book only the syntax can be judged. */
export function analyseUsage(usage: Usage, book: SeriesIndex | undefined): MetricsFinding[] {
  const parsed = parses.get(usage) ?? parsePromql(usage.text);
  parses.set(usage, parsed);
  if ('mistake' in parsed) {
    return [{ code: 'syntax', ...findingAt(usage, parsed.mistake, { ...parsed.mistake, severity: 'error' }) }];
  }
  if (book === undefined) return [];
  const { shape, problems } = infer(parsed.expression, usage.text, book);
  return [
    ...problems.map((problem) => ({ code: problem.code, ...findingAt(usage, problem, problem) })),
    ...templateFindings(usage, shape),
  ];
}

function templateFindings({ document, subject, templates }: Usage, { labels }: Shape): MetricsFinding[] {
  return templates.flatMap(({ path, name, labels: shown }) =>
    shown
      .filter((label) => label !== '__name__' && labels.of(label).presence === 'never')
      .map((label) => ({
        code: 'template' as const,
        severity: 'error' as const,
        file: document.file,
        line: document.lineOf(path),
        message: `${subject} shows the label "${label}" in ${name}, and what its expression brings does not have it`,
        fix: suggestLabel(label, labels),
      })),
  );
}
