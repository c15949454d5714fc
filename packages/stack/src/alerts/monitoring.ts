import type { Alert } from './alert.js';
import { type AlertContext, COMPOSE } from './context.js';
import { level, rising } from './course.js';
import { define, series } from './define.js';

const PROMETHEUS = { job: 'prometheus', instance: 'localhost:9090' } as const;
const ALERTMANAGER = { job: 'alertmanager', instance: 'alertmanager:9093' } as const;

/** Whether anybody would be told. */
export function monitoring(context: AlertContext): Alert[] {
  const range = context.window(300);
  const windowS = context.windowS(300);
  return [
    define(context, {
      name: 'NotificationsFail',
      category: 'availability',
      severity: 'critical',
      expr: `sum by (integration) (rate(alertmanager_notifications_failed_total{job="alertmanager"}[${range}])) > 0`,
      forS: 120,
      summary: 'Alertmanager cannot send messages by {{ $labels.integration }}',
      description: 'Somebody should have been told of an alert and was not.',
      runbook: {
        meaning: 'Notifications by this integration have failed for two minutes, after several attempts each.',
        impact: 'Whoever is on call hears nothing by this way.',
        look: [`${COMPOSE} logs --tail 100 alertmanager`, 'curl -s http://localhost:9093/api/v2/status | jq .config'],
        act: [
          'The log says what the other side answered: a revoked key, a URL that is gone, no way out of the network.',
          'Replace the file that holds the secret; it is read anew for each message.',
        ],
      },
      levels: {
        series: (rate) => ({
          [series('alertmanager_notifications_failed_total', { ...ALERTMANAGER, integration: 'webhook' })]:
            rising(rate),
        }),
        fires: 0.1,
        silent: 0,
        windowS,
        labels: { integration: 'webhook' },
      },
    }),
    define(context, {
      name: 'AlertmanagerNotFound',
      category: 'availability',
      severity: 'critical',
      expr: 'prometheus_notifications_alertmanagers_discovered{job="prometheus"} == 0',
      forS: 120,
      summary: 'Prometheus knows no Alertmanager',
      description: 'Alerts fire, and nobody is told.',
      runbook: {
        meaning: 'The section `alerting` of prometheus.yml leads to no Alertmanager.',
        impact: 'Nobody is told of anything: you see this in Prometheus only.',
        look: ['curl -s http://localhost:9090/api/v1/alertmanagers | jq', `${COMPOSE} ps alertmanager`],
        act: ['Start Alertmanager; see that prometheus.yml is the rendered one: `breakwater generate --check`.'],
      },
      levels: {
        series: (count) => ({
          [series('prometheus_notifications_alertmanagers_discovered', PROMETHEUS)]: level(count),
        }),
        fires: 0,
        silent: 1,
        labels: PROMETHEUS,
      },
    }),
    define(context, {
      name: 'AlertsDropped',
      category: 'availability',
      severity: 'critical',
      expr: `rate(prometheus_notifications_dropped_total{job="prometheus"}[${range}]) > 0`,
      forS: 120,
      summary: 'Prometheus drops alerts',
      description: 'Alertmanager does not take them.',
      runbook: {
        meaning: 'Prometheus could not hand alerts to Alertmanager, and gave them up.',
        impact: 'Nobody is told of these alerts.',
        look: [`${COMPOSE} logs --tail 100 prometheus alertmanager`],
        act: ['Alertmanager is down or does not answer: start it. Prometheus sends what still fires again.'],
      },
      levels: {
        series: (rate) => ({ [series('prometheus_notifications_dropped_total', PROMETHEUS)]: rising(rate) }),
        fires: 2,
        silent: 0,
        windowS,
        labels: PROMETHEUS,
        shown: '2',
      },
    }),
    define(context, {
      name: 'RulesFail',
      category: 'availability',
      severity: 'critical',
      expr: `sum by (rule_group) (rate(prometheus_rule_evaluation_failures_total{job="prometheus"}[${range}])) > 0`,
      forS: 120,
      summary: 'Rules of {{ $labels.rule_group }} cannot be evaluated',
      description: 'Their alerts cannot fire.',
      runbook: {
        meaning: 'Prometheus failed to work out rules of this group, for instance as two series match one.',
        impact: 'These alerts are blind.',
        look: [
          'curl -s http://localhost:9090/api/v1/rules | jq \'.data.groups[].rules[] | select(.health != "ok") | {name, lastError}\'',
        ],
        act: [
          'Two scrape jobs bring the same series: see that prometheus.yml is the rendered one.',
          'A rule of yours: `breakwater check --rules FILE`.',
        ],
      },
      levels: {
        series: (rate) => ({
          [series('prometheus_rule_evaluation_failures_total', { ...PROMETHEUS, rule_group: 'fleet' })]: rising(rate),
        }),
        fires: 0.1,
        silent: 0,
        windowS,
        labels: { rule_group: 'fleet' },
      },
    }),
    ...reloads(context),
  ];
}

function reloads(context: AlertContext): Alert[] {
  const one = (
    name: string,
    metric: string,
    of: Readonly<Record<'job' | 'instance', string>>,
    look: readonly string[],
  ): Alert =>
    define(context, {
      name: `${name}ReloadFailed`,
      category: 'availability',
      severity: 'warning',
      expr: `${metric}{job="${of.job}"} == 0`,
      forS: 300,
      summary: `${name} could not read its configuration anew`,
      description: 'The last good one stays in force; at the next start there is none.',
      runbook: {
        meaning: `The last reload of ${name} failed.`,
        impact: 'What was changed has no effect, and the next start fails.',
        look,
        act: [
          '`breakwater generate --check` says whether the files are the rendered ones; `breakwater check` what is wrong in them.',
        ],
      },
      levels: { series: (value) => ({ [series(metric, of)]: level(value) }), fires: 0, silent: 1, labels: of },
    });
  return [
    one('Prometheus', 'prometheus_config_last_reload_successful', PROMETHEUS, [
      `${COMPOSE} exec prometheus promtool check config /etc/prometheus/prometheus.yml`,
    ]),
    one('Alertmanager', 'alertmanager_config_last_reload_successful', ALERTMANAGER, [
      `${COMPOSE} exec alertmanager amtool check-config /etc/alertmanager/alertmanager.yml`,
    ]),
  ];
}
