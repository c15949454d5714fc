import { emittedBy } from '../../emitted/emitted-by.js';
import { ownMetrics } from '../../emitted/metrics-catalog.js';
import { readMetricsPage } from '../../emitted/metrics-page.js';
import { showFinding } from '../../finding.js';
import { YamlSource } from '../../source/yaml-source.js';
import { type Artifacts, NO_ARTIFACTS } from '../artifacts.js';
import { metricsChecks } from './checks.js';

const emitted = emittedBy({ catalog: ownMetrics() });

interface Files {
  readonly rules?: string;
  readonly prometheus?: string;
  readonly manifests?: string;
  readonly dashboard?: unknown;
  readonly page?: string;
}

/** What the checks of this folder say of some files, as it is printed. */
export function check({ rules, prometheus, manifests, dashboard, page }: Files): string[] {
  const source = (file: string, text: string | undefined) => (text === undefined ? [] : [new YamlSource(file, text)]);
  const pages = page === undefined ? [] : readMetricsPage(page, 'page.txt');
  const artifacts: Artifacts = {
    ...NO_ARTIFACTS,
    rules: source('rules.yml', rules),
    prometheus: source('prometheus.yml', prometheus),
    manifests: source('k8s.yaml', manifests),
    dashboards: source('dashboard.json', dashboard === undefined ? undefined : JSON.stringify(dashboard, null, 1)),
    emitted: page === undefined ? emitted : emittedBy({ pages }),
  };
  return metricsChecks.flatMap(({ id, run }) =>
    run(artifacts).map((finding) => showFinding({ check: id, ...finding })),
  );
}

/** A rule file with one alert. */
export const rule = (expr: string, more = '') => `groups:
  - name: g
    rules:
      - alert: Late
        expr: ${expr}
${more}`;
