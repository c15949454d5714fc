import type { Finding } from '../../finding.js';
import { listOf } from '../../source/shapes.js';
import type { Artifacts } from '../artifacts.js';
import { type AdapterRule, readAdapterRules, servedName } from './adapter-rules.js';

type Found = Omit<Finding, 'check'>;

const MEAN = /rate\s*\([^()]*?(\w+)_sum\b[^()]*\)[\s\S]*\/[\s\S]*rate\s*\([^()]*?\1_count\b/;
const QUANTILE = /\bhistogram_quantile\s*\(/;

/** What a rule hands out is how long one thing takes, not how much there is to do. */
const isDuration = ({ metricsQuery = '', seriesQuery }: AdapterRule): boolean =>
  /(?:seconds|duration|latency)/.test(`${metricsQuery} ${seriesQuery}`) &&
  (MEAN.test(metricsQuery) || QUANTILE.test(metricsQuery));

/** The names of the custom metrics that HPAs scale on. */
const scaledOn = ({ manifests }: Artifacts): string[] =>
  manifests
    .flatMap(({ documents }) => documents)
    .filter((document) => document.at(['kind']) === 'HorizontalPodAutoscaler')
    .flatMap((document) =>
      listOf(document.at(['spec', 'metrics'])).map((_, index) =>
        String(document.at(['spec', 'metrics', index, 'pods', 'metric', 'name'])),
      ),
    );

/** A slow target stays slow however many pods poll, so the replicas run to the maximum: docs/from-the-briefs.md. */
export function signalFindings(artifacts: Artifacts): Found[] {
  const names = scaledOn(artifacts);
  return readAdapterRules(artifacts)
    .filter(isDuration)
    .flatMap((rule) => {
      const [, series = ''] = /^\s*([\w:]+)/.exec(rule.seriesQuery) ?? [];
      const name = servedName(rule, series);
      if (name === undefined || !names.includes(name)) return [];
      const message = `the adapter rule hands out how long one turn takes as ${name}, on which an HPA scales: that does not fall as pods are added, so one slow target takes the replicas to the maximum`;
      const fix = `write the slots that are taken instead: sum by (<<.GroupBy>>) (rate(…_sum{<<.LabelMatchers>>}[2m])), which more pods share`;
      return [{ severity: 'error', file: rule.file, line: rule.lineOf('metricsQuery'), message, fix }];
    });
}
