import type { Finding } from '../../finding.js';
import type { Mistake } from '../../promql/expression.js';
import { infer } from '../../promql/infer.js';
import { parsePromql } from '../../promql/parse.js';
import type { Artifacts } from '../artifacts.js';
import { type AdapterRule, readAdapterRules } from './adapter-rules.js';
import type { SeriesBook } from './series-book.js';
import { clusterBook, seriesFound } from './served-metrics.js';

type Found = Omit<Finding, 'check'>;

export function adapterFindings(artifacts: Artifacts): Found[] {
  const book = clusterBook(artifacts);
  return book === undefined ? [] : readAdapterRules(artifacts).flatMap((rule) => ruleFindings(rule, book));
}

function ruleFindings(rule: AdapterRule, book: SeriesBook): Found[] {
  const found = (key: string | undefined, message: string, fix: string): Found => ({
    severity: 'error',
    file: rule.file,
    line: rule.lineOf(key),
    message: `the adapter rule ${message}`,
    fix,
  });
  const query = textFindings(rule, 'seriesQuery', rule.seriesQuery, book);
  if (query.length > 0) return query;
  const [series] = seriesFound(rule, book);
  if (series === undefined) {
    return [found('seriesQuery', 'finds no series that its filters let through', 'mend seriesQuery or seriesFilters')];
  }
  const lacking = (rule.external ? [] : ['namespace', 'pod']).filter((one) => rule.resources(one) === undefined);
  if (lacking.length > 0) {
    const fix = `write ${lacking.map((one) => `${one}: {resource: ${one}}`).join(', ')} under resources.overrides`;
    return [found('resources', `for ${series} says of no label that it names the ${lacking.join(' or the ')}`, fix)];
  }
  return metricsQueryFindings(rule, series, book, found);
}

function metricsQueryFindings(
  rule: AdapterRule,
  series: string,
  book: SeriesBook,
  found: (key: string, message: string, fix: string) => Found,
): Found[] {
  const { metricsQuery } = rule;
  if (metricsQuery === undefined) return [];
  const example = 'sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)';
  if (!/<<\s*\.(?:LabelMatchers|LabelValuesByName)/.test(metricsQuery)) {
    const message = `asks for ${series} without <<.LabelMatchers>>, so every pod gets what all of the cluster have`;
    return [found('metricsQuery', message, `write ${example}`)];
  }
  const text = expanded(rule, series);
  if (text.includes('<<')) return [];
  const problems = textFindings(rule, 'metricsQuery', text, book);
  const parsed = parsePromql(text);
  if (problems.length > 0 || 'mistake' in parsed || rule.external) return problems;
  const { shape } = infer(parsed.expression, text, book);
  const pod = rule.resources('pod')!;
  if (shape.labels.of(pod).presence === 'never') {
    const message = `brings ${series} without the label "${pod}", so no pod gets a value`;
    return [found('metricsQuery', message, 'write by (<<.GroupBy>>)')];
  }
  if (shape.kind === 'counter') {
    const message = `hands the counter ${series} out as it is: it only grows, and so would the replicas`;
    return [found('metricsQuery', message, `write ${example}`)];
  }
  return [];
}

/** A query as the adapter sends it for the pods of one namespace. */
function expanded(rule: AdapterRule, series: string): string {
  const [namespace, pod] = [rule.resources('namespace') ?? 'namespace', rule.resources('pod') ?? 'pod'];
  const matchers = rule.external ? `${namespace}="a"` : `${namespace}="a",${pod}=~"b|c"`;
  return rule
    .metricsQuery!.replace(/<<\s*\.Series\s*>>/g, series)
    .replace(/<<\s*\.LabelMatchers\s*>>/g, matchers)
    .replace(/<<\s*\.GroupBy\s*>>/g, rule.external ? namespace : pod)
    .replace(/\{\s*,|,\s*,/g, (comma) => comma[0]!);
}

function textFindings(rule: AdapterRule, key: 'seriesQuery' | 'metricsQuery', text: string, book: SeriesBook): Found[] {
  const finding = ({ from, message, fix, severity }: Mistake & { severity?: Found['severity'] }): Found => ({
    severity: severity ?? 'error',
    file: rule.file,
    line: rule.lineOf(key, text.slice(0, from).split('\n').length - 1),
    message: `${key} of the adapter rule ${message}`,
    fix,
  });
  const parsed = parsePromql(text);
  if ('mistake' in parsed) return [finding(parsed.mistake)];
  if (key === 'seriesQuery' && parsed.expression.is !== 'selector') {
    return [finding({ ...parsed.expression, message: 'is no selector', fix: 'write a metric and matchers alone' })];
  }
  return infer(parsed.expression, text, book).problems.map(finding);
}
