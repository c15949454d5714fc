import { parse } from 'yaml';
import type { Artifacts } from '../artifacts.js';
import { type Cluster, clusterCheck } from './cluster.js';
import { asList, asRecord, asText, type Found, type Manifest, type Value } from './manifest.js';

/** A rule of prometheus-adapter, and the ConfigMap or values file that has it. */
interface Rule {
  readonly value: Value;
  readonly manifest: Manifest;
  readonly key: string;
}

const rulesIn = (value: unknown): readonly Value[] => {
  const { rules } = asRecord(value);
  const listed = Array.isArray(rules) ? rules : asRecord(rules)['custom'];
  return asList(listed).filter((rule) => rule['seriesQuery'] !== undefined);
};

/** Texts that are no YAML are other files. */
function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

const rulesOf = (cluster: Cluster): Rule[] =>
  cluster.manifests.flatMap((manifest) => [
    ...rulesIn(manifest.at()).map((value) => ({ value, manifest, key: 'rules' })),
    ...(manifest.kind !== 'ConfigMap' ? [] : Object.entries(manifest.record('data'))).flatMap(([key, data]) => {
      const text = asText(data);
      // A haproxy.cfg of hundreds of lines need not be tried.
      if (text === undefined || !text.includes('seriesQuery')) return [];
      return rulesIn(parsed(text)).map((value) => ({ value, manifest, key: `data.${key}` }));
    }),
  ]);

/** The name under which a rule offers its metric; undefined where it depends on what Prometheus has. */
function offered({ value }: Rule): string | undefined {
  const { matches, as } = asRecord(value['name']);
  const query = String(value['seriesQuery']);
  const [, plain] = /^\s*([a-zA-Z_:][\w:]*)/.exec(query) ?? [];
  const [, quoted] = /__name__\s*=\s*"([^"]+)"/.exec(query) ?? [];
  const series = plain ?? quoted;
  const template = asText(as);
  if (template !== undefined && !template.includes('$')) return template;
  if (series === undefined) return undefined;
  if (matches === undefined) return series;
  const pattern = new RegExp(String(matches));
  const found = pattern.exec(series);
  if (found === null) return undefined;
  if (template === undefined || template === '') return found[1] ?? found[0];
  return template.replace(/\$(?:\{(\w+)\}|(\d+))/g, (_, braced, digit) => found[Number(braced ?? digit)] ?? '');
}

const known = clusterCheck('hpa-adapter', 'A rule of the metrics adapter offers what an HPA asks for', (cluster) => {
  const rules = rulesOf(cluster);
  const names = rules.map(offered);
  return cluster.ofKind('HorizontalPodAutoscaler').flatMap((hpa) =>
    hpa.list('spec', 'metrics').flatMap((metric, index): Found[] => {
      const { name } = asRecord(asRecord(metric['pods'] ?? metric['object'])['metric']);
      if (name === undefined || names.includes(String(name)) || names.includes(undefined)) return [];
      const path = ['spec', 'metrics', index];
      if (rules.length === 0) {
        const message = `scales by ${String(name)}, and no file has the rule of an adapter that offers it: while it is missing, nothing scales in`;
        return [hpa.found(path, message, 'add the rule of prometheus-adapter to what is checked', 'warning')];
      }
      const message = `scales by ${String(name)}, which no rule of the adapter offers: while it is missing, nothing scales in`;
      return [hpa.found(path, message, `the rules offer ${names.join(', ')}`)];
    }),
  );
});

const query = clusterCheck(
  'adapter-query',
  'A query of the metrics adapter is for the pods that are asked for',
  (cluster) =>
    rulesOf(cluster).flatMap((rule) => {
      const text = String(rule.value['metricsQuery'] ?? '');
      const missing = ['<<.LabelMatchers>>', '<<.GroupBy>>'].filter((part) => text !== '' && !text.includes(part));
      if (missing.length === 0) return [];
      const message = `the query ${text} has no ${missing.join(' and no ')}: every pod gets the value of all`;
      return [
        rule.manifest.found(rule.key.split('.', 1), message, `write sum by (<<.GroupBy>>) (…{<<.LabelMatchers>>})`),
      ];
    }),
);

const SAMPLES_IN_A_RATE = 4;
const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

const secondsIn = (text: string): number =>
  [...text.matchAll(/(\d+)(ms|s|m|h|d)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0);

const window = clusterCheck(
  'adapter-window',
  'A rate of the metrics adapter holds four scrapes',
  (cluster, artifacts) => {
    const interval = scrapeInterval(artifacts);
    return rulesOf(cluster).flatMap((rule) =>
      [...String(rule.value['metricsQuery'] ?? '').matchAll(/\[([\dsmhd]+)\]/g)]
        .map(([, range]) => ({ range: range!, seconds: secondsIn(range!) }))
        .filter(({ seconds }) => interval !== undefined && seconds < SAMPLES_IN_A_RATE * interval)
        .map(({ range }) => {
          const message = `the rate over ${range} of ${String(rule.value['seriesQuery'])} holds fewer than ${SAMPLES_IN_A_RATE} scrapes of ${String(interval)} s: one that is missed makes it vanish`;
          return rule.manifest.found(
            rule.key.split('.', 1),
            message,
            `write ${SAMPLES_IN_A_RATE * interval!}s or more`,
          );
        }),
    );
  },
);

function scrapeInterval({ prometheus, plan }: Artifacts): number | undefined {
  const stated = prometheus
    .flatMap(({ documents }) => documents)
    .map((document) => asText(document.at(['global', 'scrape_interval'])))
    .find((text) => text !== undefined);
  return stated === undefined ? plan?.stack.monitoring.prometheus.scrapeInterval : secondsIn(stated);
}

export const adapterChecks = [known, query, window];
