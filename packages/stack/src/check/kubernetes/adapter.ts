import type { Artifacts } from '../artifacts.js';
import { readAdapterRules } from '../metrics/adapter-rules.js';
import { clusterCheck } from './cluster.js';
import { asText } from './manifest.js';

const SAMPLES_IN_A_RATE = 4;
const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** Prometheus' durations: `90s`, `1m30s`. */
const secondsOf = (text: string): number =>
  [...text.matchAll(/(\d+)(ms|s|m|h|d)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0);

const window = clusterCheck('adapter-window', 'A rate of the metrics adapter holds four scrapes', (_, artifacts) => {
  const interval = scrapeInterval(artifacts);
  if (interval === undefined) return [];
  const least = SAMPLES_IN_A_RATE * interval;
  return readAdapterRules(artifacts).flatMap((rule) =>
    [...(rule.metricsQuery ?? '').matchAll(/\[([\dsmhd]+)\]/g)]
      .filter(([, range]) => secondsOf(range!) < least)
      .map(([, range]) => ({
        severity: 'error' as const,
        file: rule.file,
        line: rule.lineOf('metricsQuery'),
        message: `the rate over ${range} of ${rule.seriesQuery} holds fewer than ${SAMPLES_IN_A_RATE} scrapes, which come every ${interval} s: one that is missed makes it vanish, and nothing scales in meanwhile`,
        fix: `write [${least}s] or more`,
      })),
  );
});

function scrapeInterval({ prometheus, plan }: Artifacts): number | undefined {
  const stated = prometheus
    .flatMap(({ documents }) => documents)
    .map((document) => asText(document.at(['global', 'scrape_interval'])))
    .find((text) => text !== undefined);
  return stated === undefined ? plan?.stack.monitoring.prometheus.scrapeInterval : secondsOf(stated);
}

export const adapterChecks = [window];
