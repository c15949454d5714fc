import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { requireProgram } from '@breakwater/testbed';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { dashboardsOf, panelsOf, planOf } from './grafana.suite.js';

const run = promisify(execFile);

/** Prometheus gets a query when Grafana has replaced its variables. */
const asGrafanaSends = (expr: string): string =>
  expr.replaceAll(/\$__(?:rate_interval|range)/g, '1m').replaceAll(/\$\w+/g, '.+');

it('asks nothing that Prometheus cannot read', async () => {
  const promtool = await requireProgram({ program: 'promtool', debianPackage: 'prometheus' });
  const dir = await mkdtemp(join(tmpdir(), 'breakwater-grafana-'));
  try {
    const queries = [...dashboardsOf(planOf()).values()].flatMap((dashboard) => [
      ...panelsOf(dashboard).flatMap(({ targets }) => targets!.map(({ expr }) => expr)),
      ...dashboard.annotations.list.map(({ expr }) => expr),
    ]);
    const rules = queries.map((expr, index) => ({ record: `query:${index}`, expr: asGrafanaSends(expr) }));
    const check = async (rules: object[]) => {
      const file = join(dir, 'rules.yml');
      await writeFile(file, stringify({ groups: [{ name: 'dashboards', rules }] }));
      return await run(promtool, ['check', 'rules', file]).then(
        ({ stdout }) => stdout,
        (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
      );
    };
    expect(await check(rules)).toContain(`SUCCESS: ${queries.length} rules found`);
    expect(await check([...rules, { record: 'query:broken', expr: 'sum(rate(up[1m])' }])).toContain('FAILED');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
