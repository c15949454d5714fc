import { z } from 'zod';
import { many } from '../print/units.js';
import type { Ask, Reply } from './ask.js';
import { judgeJson } from './judge.js';
import { some, words } from './some.js';
import { ok, unhealthy, type Verdict, warning } from './verdict.js';

const LABELS = z.record(z.string(), z.string());
const TARGETS = z.looseObject({
  data: z.looseObject({
    activeTargets: z.array(
      z.looseObject({ labels: LABELS, scrapeUrl: z.string(), health: z.string(), lastError: z.string() }),
    ),
  }),
});
const ALERTS = z.looseObject({
  data: z.looseObject({
    alerts: z.array(z.looseObject({ labels: LABELS, annotations: LABELS.default({}), state: z.string() })),
  }),
});

type ScrapeTarget = z.output<typeof TARGETS>['data']['activeTargets'][number];
type Alert = z.output<typeof ALERTS>['data']['alerts'][number];

const ADVICE = 'look at the log of prometheus';

export async function checkPrometheus(url: string, ask: Ask): Promise<readonly Verdict[]> {
  const [targets, alerts] = [`${url}/api/v1/targets?state=active`, `${url}/api/v1/alerts`];
  const [scraped, firing] = await Promise.all([ask(targets), ask(alerts)]);
  return [...judgeTargets(targets, scraped), ...judgeAlerts(alerts, firing)];
}

/** A job of which nothing answers is unhealthy; one of several that does not is a warning. */
export function judgeTargets(url: string, reply: Reply): readonly Verdict[] {
  const what = 'prometheus: targets';
  return judgeJson({ what, url, advice: ADVICE }, reply, TARGETS, ({ data: { activeTargets: targets } }) => {
    if (targets.length === 0) return [unhealthy(what, 'there are none', 'look at its prometheus.yml')];
    const jobs = [...new Set(targets.map(jobOf))];
    const bad = jobs.flatMap((job) =>
      judgeJob(
        job,
        targets.filter((target) => jobOf(target) === job),
      ),
    );
    return bad.length > 0 ? bad : [ok(what, `${many(targets.length, 'target')} of ${many(jobs.length, 'job')} answer`)];
  });
}

const jobOf = ({ labels }: ScrapeTarget): string => labels['job'] ?? 'no job';

function judgeJob(job: string, targets: readonly ScrapeTarget[]): Verdict[] {
  const what = `prometheus: targets of ${words(job)}`;
  const down = targets.filter(({ health }) => health === 'down');
  const unknown = targets.filter(({ health }) => health !== 'down' && health !== 'up');
  if (down.length > 0) {
    const seen = down.map(({ scrapeUrl, lastError }) => `${words(scrapeUrl)}: ${words(lastError)}`);
    const advice = 'what is not scraped raises no alert: start it, or mend the way from Prometheus to it';
    const say = down.length === targets.length ? unhealthy : warning;
    return [say(what, `${down.length} of ${targets.length} down: ${some(seen)}`, advice)];
  }
  if (unknown.length === 0) return [];
  const seen = `${unknown.length} of ${targets.length} not scraped yet`;
  return [warning(what, seen, 'ask again after a scrape interval')];
}

/** A critical alert that fires is unhealthy, a warning a warning; what severity there is beside is only told. */
export function judgeAlerts(url: string, reply: Reply): readonly Verdict[] {
  const what = 'prometheus: alerts';
  return judgeJson({ what, url, advice: ADVICE }, reply, ALERTS, ({ data: { alerts } }) => {
    const firing = alerts.filter(({ state }) => state === 'firing');
    const pending = alerts.filter(({ state }) => state === 'pending').map(nameOf);
    const serious = firing.filter(
      ({ labels }) => labels['severity'] === 'critical' || labels['severity'] === 'warning',
    );
    const rest = firing.filter((alert) => !serious.includes(alert)).map(nameOf);
    const told = [
      `${many(firing.length, 'alert')} firing`,
      ...(rest.length > 0 ? [`for information: ${some(rest)}`] : []),
      ...(pending.length > 0 ? [`pending: ${some([...new Set(pending)])}`] : []),
    ].join('; ');
    return serious.length > 0 ? judgeFiring(serious) : [ok(what, told)];
  });
}

const nameOf = ({ labels }: Alert): string => words(labels['alertname'] ?? 'an alert without a name');

/** The same alert of many instances is told once. */
function judgeFiring(alerts: readonly Alert[]): Verdict[] {
  return [...new Set(alerts.map(nameOf))].map((name) => {
    const same = alerts.filter((alert) => nameOf(alert) === name);
    const isCritical = same.some(({ labels }) => labels['severity'] === 'critical');
    const [first] = same as [Alert, ...Alert[]];
    const { summary = '', runbook_url: runbook } = first.annotations;
    const seen = `${isCritical ? 'critical' : 'warning'}, ${same.length} firing: ${words(summary) || 'no summary'}`;
    const advice = runbook === undefined ? 'it names no runbook: look at its expression' : words(runbook);
    return (isCritical ? unhealthy : warning)(`prometheus: alert ${name}`, seen, advice);
  });
}
