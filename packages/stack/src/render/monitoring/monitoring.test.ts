import { expect, it } from 'vitest';
import { alertsOf } from '../../alerts/alerts.js';
import { parseStack } from '../../file/parse.js';
import { planStack } from '../../plan/plan.js';
import { alertmanagerConfig } from './alertmanager-config.js';
import { prometheusConfig } from './prometheus-config.js';
import { renderRunbook } from './runbook.js';

const planOf = (collectors = '', rest = '') =>
  planStack(
    parseStack(
      `apiVersion: breakwater/v1\nkind: Stack\ncollectors: { targetCidrs: [10.0.0.0/8]${collectors} }\n${rest}`,
      'stack.yaml',
    ).stack,
  );

const alertNamed = (name: string, plan = planOf()) => alertsOf(plan).find((alert) => alert.name === name);

it('scrapes every service of the stack, and those of the stack file', () => {
  const plan = planOf('', 'services: [{ name: billing, scrape: { targets: ["billing:9000"], path: /stats } }]\n');
  const jobs = prometheusConfig(plan).scrape_configs;
  expect(jobs.map(({ job_name }) => job_name)).toEqual(
    'network-telemetry influxdb grafana haproxy redis node cadvisor prometheus alertmanager billing'.split(' '),
  );
  expect(jobs.at(-1)).toMatchObject({ metrics_path: '/stats', static_configs: [{ targets: ['billing:9000'] }] });
  expect(jobs[0]?.dns_sd_configs?.[0]?.names).toEqual(plan.collectors.services);
});

it('alerts on the bounds of the stack file', () => {
  expect(alertNamed('CollectorsAtMaximum', planOf(', max: 40'))?.expr).toContain('>= 40');
  expect(alertNamed('ProxySlotsUsedUp', planOf(', max: 40'))?.expr).toContain('/ 41 >');
  // Where the bounds are one, being at the maximum says nothing.
  expect(alertNamed('CollectorsAtMaximum', planOf(', min: 3, max: 3'))).toBeUndefined();
  // Where one is enough, fewer is none, which NoCollectorUp tells.
  expect(alertNamed('CollectorsTooFew', planOf(', min: 1'))).toBeUndefined();
});

it('waits for two scrapes and looks back over four, however seldom Prometheus scrapes', () => {
  const plan = planOf('', 'monitoring: { prometheus: { scrapeInterval: 2m } }\n');
  for (const { name, forS, expr } of alertsOf(plan)) {
    expect(forS, name).toBeGreaterThanOrEqual(240);
    expect(expr, name).not.toMatch(/\[(?:[1-7]m|\d+s)\]/);
  }
});

it('burns the budget at the factors of the SRE workbook where the period is 30 days', () => {
  const limits = ['1H', '6H', '1D', '3D'].map(
    (window) => /> ([\d.]+) and/.exec(alertNamed(`DeliveryBudgetBurns${window}`)!.expr)?.[1],
  );
  expect(limits).toEqual([14.4, 6, 3, 1].map((factor) => String(Number((factor * 0.001).toPrecision(6)))));
});

it('names receivers by reference, and one that a route is to go to', () => {
  const plan = planOf(
    '',
    'monitoring: { alertmanager: { receivers: [{ name: hook, webhook: /run/secrets/hook }], routes: { critical: hook } } }\n',
  );
  const { receivers, route } = alertmanagerConfig(plan);
  expect(receivers).toEqual([
    { name: 'nobody' },
    { name: 'hook', webhook_configs: [{ url_file: '/run/secrets/hook', send_resolved: true }] },
  ]);
  expect(route.routes?.map(({ receiver }) => receiver)).toEqual(['hook', 'nobody', 'nobody']);
});

it('writes for each alert what a person needs who is woken by it', () => {
  const alerts = alertsOf(planOf());
  const [page] = renderRunbook(planOf());
  expect(new Set(alerts.map(({ name }) => name)).size).toBe(alerts.length);
  for (const { name, summary, description, runbook, cases } of alerts) {
    expect(page?.text).toContain(`\n## ${name}\n`);
    expect([summary, description].join(' ').replace(/\{\{ (?:\$labels\.\w+|\$value \| \w+) \}\}/g, '')).not.toContain(
      '{{',
    );
    expect(Math.min(runbook.look.length, runbook.act.length), name).toBeGreaterThan(0);
    expect(new Set(cases.map(({ verdict }) => verdict)), name).toEqual(
      new Set(['fires', 'pending', 'silent', 'missing']),
    );
  }
});

it('names in the runbook only alerts that there are', () => {
  const [page] = renderRunbook(planOf());
  const names = new Set(alertsOf(planOf()).map(({ name }) => name));
  const named = [...page!.text.matchAll(/`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`/g)].map(([, name]) => name!);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !names.has(name))).toEqual([]);
});

it('inhibits only what there is', () => {
  const names = alertsOf(planOf()).map(({ name }) => name);
  const rules = alertmanagerConfig(planOf()).inhibit_rules;
  const patterns = rules
    .flatMap(({ source_matchers, target_matchers }) => [...source_matchers, ...target_matchers])
    .flatMap((matcher) => /^alertname=~?"(.*)"$/.exec(matcher)?.[1]?.split('|') ?? []);
  expect(patterns.filter((pattern) => !names.some((name) => new RegExp(`^${pattern}$`).test(name)))).toEqual([]);
});

it('inhibits nothing by an alert that this stack has not', () => {
  const matchers = alertmanagerConfig(planOf(', min: 1')).inhibit_rules.flatMap((rule) => rule.target_matchers);
  expect(matchers).toContain('alertname="CollectorAlone"');
  expect(matchers).not.toContain('alertname="CollectorsTooFew"');
});

it('asks in the runbook at the ports and in the namespace of the stack', () => {
  const rest =
    'proxy: { port: 9404, tls: { certificate: /etc/haproxy/tls/site.pem } }\nkubernetes: { namespace: tides }\n' +
    'monitoring: { prometheus: { port: 9990 } }\n';
  const page = renderRunbook(planOf(', port: 9080', rest))[0]!.text;
  expect(page).toContain('curl -sk https://localhost:9080/fleet | jq');
  expect(page).toContain("curl -sk 'https://localhost:9404/stats;csv'");
  expect(page).toContain('curl -s http://localhost:9990/api/v1/');
  expect(page).toContain('kubectl get hpa -n tides');
  expect(page).not.toMatch(/telemetry-system|localhost:(?:8080|8404|9090)\b|http:\/\/localhost:9080/);
});
