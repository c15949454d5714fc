import { describe, expect, it } from 'vitest';
import { withoutMacros } from '../../check/metrics/grafana-macros.js';
import { type Expression, selectorsOf } from '../../promql/expression.js';
import { PLACEHOLDER } from '../../promql/matcher.js';
import { parsePromql } from '../../promql/parse.js';
import { dashboardsOf, panelsOf, planOf } from './grafana.suite.js';

/** Of the units that Grafana knows, those in use: a name that it does not know is shown behind the number. */
const UNITS = ['none', 'short', 'percent', 'percentunit', 's', 'bytes', 'Bps', 'ops', 'reqps'];

/** What comes from elsewhere than the job that is chosen, and so has a matcher of its own. */
const ELSEWHERE = ['redis', 'haproxy'];

const read = (expr: string): Expression => {
  const parsed = parsePromql(withoutMacros(expr));
  if ('mistake' in parsed) throw new Error(`${expr}: ${parsed.mistake.message}`);
  return parsed.expression;
};

/** The rules of https://github.com/grafana/dashboard-linter/blob/main/docs/index.md */
describe.each([...dashboardsOf(planOf())])('%s', (_, dashboard) => {
  const variables = new Map(dashboard.templating.list.map((variable) => [variable.name, variable]));
  const panels = panelsOf(dashboard);
  const queries = panels.flatMap(({ targets }) => targets!.map(({ expr }) => expr));

  it('lets choose the data source, jobs and instances, and is not edited', () => {
    expect(dashboard.editable).toBe(false);
    expect(variables.get('datasource')).toMatchObject({
      type: 'datasource',
      query: 'prometheus',
      label: 'Data source',
    });
    for (const [name, label] of [
      ['job', 'Job'],
      ['instance', 'Instance'],
    ]) {
      expect(variables.get(name!)).toMatchObject({ type: 'query', label, multi: true, allValue: '.+', refresh: 2 });
    }
    const others = [...variables.values()].filter(({ type }) => type === 'query');
    for (const { datasource } of others) expect(datasource).toMatchObject({ uid: '$datasource' });
  });

  it('uses no variable that it does not have, and has none that it does not use', () => {
    const text = JSON.stringify({ ...dashboard, templating: dashboard.templating.list.map(({ query }) => query) });
    const used = [...text.matchAll(/\$(?!__)(\w+)/g)].map(([, name]) => name);
    expect([...new Set(used)].sort()).toEqual([...variables.keys()].sort());
  });

  it('says of each panel what it shows, in which unit, from where', () => {
    for (const { title, description, datasource, fieldConfig, targets } of panels) {
      expect(title).not.toBe('');
      expect(description!.length, title).toBeGreaterThan(15);
      expect(datasource, title).toEqual({ type: 'prometheus', uid: '$datasource' });
      expect(UNITS, title).toContain(fieldConfig?.defaults.unit);
      expect(targets!.length, title).toBeGreaterThan(0);
      expect(new Set(targets!.map(({ refId }) => refId)).size, title).toBe(targets!.length);
    }
  });

  it('has no two panels of one name in a row', () => {
    const rows = dashboard.panels.reduce<string[][]>((all, { type, title }) => {
      if (type === 'row') all.push([]);
      else all.at(-1)!.push(title);
      return all;
    }, []);
    for (const titles of rows) expect(new Set(titles).size).toBe(titles.length);
  });

  it('asks the chosen jobs and instances, or says which others', () => {
    for (const expr of queries) {
      for (const { name, matchers } of selectorsOf(read(expr))) {
        if (name === 'ALERTS' || name?.includes(':')) continue;
        const of = (label: string) => matchers.find((matcher) => matcher.label === label);
        const job = of('job');
        const where = `${name} in ${expr}`;
        if (ELSEWHERE.includes(job?.value ?? '')) continue;
        expect([job?.operator, job?.value], `job of ${where}`).toEqual(['=~', PLACEHOLDER]);
        expect([of('instance')?.operator, of('instance')?.value], `instance of ${where}`).toEqual(['=~', PLACEHOLDER]);
        expect(expr).toContain(`${name}{job=~"$job",instance=~"$instance"`);
      }
    }
  });

  it('rates over $__rate_interval, and counts over what is shown', () => {
    for (const expr of queries) {
      for (const [, call, range] of expr.matchAll(/\b(\w+)\([^()[\]]*\[([^\]]+)\]/g)) {
        if (range === '$__range') expect(call, expr).toBe('increase');
        else expect(range, expr).toBe('$__rate_interval');
      }
    }
  });
});
