import type { Artifacts } from '../artifacts.js';
import type { Check } from '../check.js';
import { type Alert, readRules } from '../metrics/rule-files.js';

type Found = ReturnType<Check['run']>[number];

const UNITS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};

/** `1h30m` in seconds; undefined for what is no duration. */
function durationS(text: string): number | undefined {
  if (!/^(?:\d+(?:ms|[smhdwy]))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!,
    0,
  );
}

/** How often Prometheus scrapes: as its file says, else the stack file; undefined where neither is there. */
function scrapeIntervalS({ prometheus, plan }: Artifacts): number | undefined {
  for (const { documents } of prometheus) {
    for (const document of documents) {
      const interval = document.at(['global', 'scrape_interval']);
      if (typeof interval === 'string') return durationS(interval);
    }
  }
  return plan?.stack.monitoring.prometheus.scrapeInterval;
}

const at = (
  { document, path }: Pick<Alert, 'document' | 'path'>,
  key: string,
  message: string,
  fix: string,
): Found => ({
  severity: 'error',
  file: document.file,
  line: document.lineOf([...path, key]),
  message,
  fix,
});

export const hasFor = ({ document, path }: Alert): boolean => document.at([...path, 'for']) !== undefined;

/** What to wait for where nothing is said: two scrapes, and a minute at least. */
export const leastForS = (artifacts: Artifacts): number => Math.max(60, 2 * (scrapeIntervalS(artifacts) ?? 30));

/** What is wrong about an alert that waits for nothing. */
export function whyWait({ text }: Alert): string {
  if (/\b(?:increase|changes|resets)\s*\(.*>\s*0\s*$/.test(text)) {
    return ': one event is one message, and the next evaluation takes it back';
  }
  return /\babsent(?:_over_time)?\s*\(/.test(text)
    ? ': a single failed scrape makes a series absent'
    : ': a single sample is enough to wake somebody';
}

function forTooShort(artifacts: Artifacts): Found[] {
  const scrapeS = scrapeIntervalS(artifacts);
  return readRules(artifacts).alerts.flatMap((alert) => {
    const value = alert.document.at([...alert.path, 'for']);
    const seconds = typeof value === 'string' ? durationS(value) : undefined;
    if (scrapeS === undefined || seconds === undefined || seconds >= 2 * scrapeS) return [];
    const message = `alert ${alert.name} has for: ${String(value)}, and Prometheus scrapes every ${scrapeS} s: one sample decides`;
    return [at(alert, 'for', message, `at least two scrapes: for: ${2 * scrapeS}s`)];
  });
}

function rateWindowTooShort(artifacts: Artifacts): Found[] {
  const scrapeS = scrapeIntervalS(artifacts);
  if (scrapeS === undefined) return [];
  const { alerts, recordings } = readRules(artifacts);
  return [...alerts, ...recordings].flatMap((rule) =>
    [...rule.text.matchAll(/\b(rate|irate|increase|delta|deriv)\s*\([^[\]]*\[((?:\d+(?:ms|[smhdwy]))+)\]/g)].flatMap(
      ([, name, range]) => {
        const seconds = durationS(range!);
        if (seconds === undefined || seconds >= 4 * scrapeS) return [];
        const message = `${rule.name}: ${name} over [${range}], and Prometheus scrapes every ${scrapeS} s: a missed scrape or two leave nothing to work with`;
        return [at(rule, 'expr', message, `at least four scrapes: [${4 * scrapeS}s]`)];
      },
    ),
  );
}

export const timingChecks: readonly Check[] = [
  { id: 'alert-for', holds: 'What an alert waits for lasts for two scrapes at least.', run: forTooShort },
  { id: 'rate-window', holds: 'Every rate looks back over at least four scrapes.', run: rateWindowTooShort },
];
