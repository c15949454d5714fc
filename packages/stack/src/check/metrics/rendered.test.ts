import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Emitted, type EmittedMetric } from '../../emitted/emitted.js';
import { emittedBy } from '../../emitted/emitted-by.js';
import { ownMetrics } from '../../emitted/metrics-catalog.js';
import { parseStack } from '../../file/parse.js';
import { showFinding } from '../../finding.js';
import { planStack } from '../../plan/plan.js';
import { type Expression, partsOf, selectorsOf } from '../../promql/expression.js';
import { parsePromql } from '../../promql/parse.js';
import { renderStack } from '../../render/render.js';
import { YamlSource } from '../../source/yaml-source.js';
import { artifactsOf } from '../artifacts-of.js';
import { analyse, analyseUsage, seriesBookOf, usagesOf } from './analysis.js';
import { metricsChecks } from './checks.js';

const file = new URL('../../../../../breakwater.stack.yaml', import.meta.url);
const plan = planStack(parseStack(readFileSync(file, 'utf8'), 'breakwater.stack.yaml').stack);
const emitted = emittedBy({ plan, catalog: ownMetrics() });
const artifacts = artifactsOf(renderStack(plan), emitted, plan);
const usages = usagesOf(artifacts);

const expressions = usages.map(({ text }) => {
  const parsed = parsePromql(text);
  if ('mistake' in parsed) throw new Error(`${text}: ${parsed.mistake.message}`);
  return parsed.expression;
});
const selectors = expressions.flatMap(selectorsOf);
const used = [...new Set(selectors.flatMap(({ name = '' }) => emitted.series(name).map(({ metric }) => metric)))];

const all = emitted.names.flatMap((name) => emitted.metrics(name));

/** What is found where one metric is not what it was, in the expressions that name it. */
function foundWith(metric: EmittedMetric, change: (metric: EmittedMetric) => EmittedMetric): string[] {
  const changed = new Emitted(all.map((one) => (one === metric ? change(one) : one)));
  const book = seriesBookOf({ ...artifacts, emitted: changed });
  return usages
    .filter(({ text }) => text.includes(metric.name))
    .flatMap((usage) => analyseUsage(usage, book).map(({ code }) => code));
}

/** Those that others emit too, under the same name, can go without anybody missing them. */
const sole = used.filter(({ name }) => emitted.metrics(name).length === 1);

// A loaded machine takes its time for a hundred changed stacks.
describe('what is rendered', { timeout: 180_000 }, () => {
  it('uses metrics of ours and of the exporters, in many expressions', () => {
    expect(expressions.length).toBeGreaterThan(50);
    expect(new Set(used.map(({ job }) => job)).size).toBeGreaterThan(3);
  });

  it('has nothing wrong', () => {
    const found = metricsChecks.flatMap(({ id, run }) => run(artifacts).map((one) => ({ check: id, ...one })));
    expect(found.filter(({ severity }) => severity === 'error').map(showFinding)).toEqual([]);
  });

  it('is found out when a metric is renamed in its source', () => {
    for (const metric of sole) {
      const found = foundWith(metric, (one) => ({ ...one, name: `${one.name}_renamed` }));
      expect(found, metric.name).toContain('metric');
    }
  });

  it('is found out when a metric loses a label that an expression asks for', () => {
    const asked = selectors.flatMap(({ name = '', matchers }) =>
      emitted
        .series(name)
        .flatMap(({ metric }) =>
          matchers.flatMap(({ label }) => (metric.labels[label] === undefined ? [] : [{ metric, label }])),
        ),
    );
    expect(asked.length).toBeGreaterThan(20);
    for (const { metric, label } of new Map(asked.map((one) => [`${one.metric.name} ${one.label}`, one])).values()) {
      if (!sole.includes(metric)) continue;
      const { [label]: _, ...labels } = metric.labels;
      expect(
        foundWith(metric, (one) => ({ ...one, labels })),
        `${metric.name} ${label}`,
      ).toContain('label');
    }
  });

  it('is found out when a counter becomes a gauge', () => {
    const counters = sole.filter(({ name, type }) => type === 'counter' && expressions.some((one) => rates(one, name)));
    expect(counters.length).toBeGreaterThan(10);
    for (const metric of counters) {
      expect(
        foundWith(metric, (one) => ({ ...one, type: 'gauge' })),
        metric.name,
      ).toContain('type');
    }
  });

  it.each(['network-telemetry', 'haproxy', 'redis', 'node'])('is found out when %s is not scraped', (job) => {
    const prometheus = artifacts.prometheus.map(({ file: path, text }) => {
      const without = text.replace(`job_name: ${job}\n`, 'job_name: another\n');
      expect(without).not.toBe(text);
      return new YamlSource(path, without);
    });
    expect(analyse({ ...artifacts, prometheus }).map(({ code }) => code)).toContain('scrape');
  });
});

function rates(expression: Expression, name: string): boolean {
  const here = expression.is === 'call' && ['rate', 'irate', 'increase'].includes(expression.name);
  const argument = here ? expression.args[0] : undefined;
  if (argument?.is === 'selector') return argument.name === name;
  return partsOf(expression).some((part) => rates(part, name));
}
