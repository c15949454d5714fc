import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { startServer } from '@breakwater/testbed';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { labelsOf } from '../../alerts/alert.js';
import { alertsOf } from '../../alerts/alerts.js';
import { parseStack } from '../../file/parse.js';
import { type Plan, planStack } from '../../plan/plan.js';
import { type AlertmanagerConfig, alertmanagerConfig } from './alertmanager-config.js';

type Labels = Readonly<Record<string, string>>;

const STACK = 'apiVersion: breakwater/v1\nkind: Stack\ncollectors: { targetCidrs: [10.0.0.0/8] }\n';
const planOf = (file: string): Plan => planStack(parseStack(file, 'stack.yaml').stack);

/** Generous: it only keeps a hang from lasting for ever. */
const WITHIN = { timeout: 60_000, interval: 20 };
const MINUTE_MS = 60_000;

async function tell(url: string, alerts: readonly Labels[], is: 'firing' | 'resolved'): Promise<void> {
  const endsMs = Date.now() + (is === 'firing' ? 60 * MINUTE_MS : -1);
  const [startsAt, endsAt] = [Date.now() - MINUTE_MS, endsMs].map((ms) => new Date(ms).toISOString());
  const body = JSON.stringify(alerts.map((labels) => ({ labels, startsAt, endsAt })));
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(`Alertmanager refused: ${await answer.text()}`);
}

const show = (labels: Labels): string => JSON.stringify(Object.fromEntries(Object.entries(labels).sort()));

/** What other alerts hold back, of those that a filter lets through. */
async function suppressed(url: string, name = '.+'): Promise<string[]> {
  const filter = new URLSearchParams({ filter: `alertname=~"${name}"` });
  const answer = await fetch(`${url}/api/v2/alerts?active=false&${filter}`);
  const alerts = (await answer.json()) as Array<{ labels: Labels; status: { state: string } }>;
  return alerts.map(({ labels }) => show(labels)).sort();
}

/** What an alert holds back: of these others those that have the same values of these labels. */
interface Silences {
  readonly others: readonly string[];
  readonly same?: readonly string[];
  /** And these values. */
  readonly having?: Labels;
}

const BURNS: readonly Silences[] = [{ others: ['DeliveryBudgetBurns1D', 'DeliveryBudgetBurns3D'], same: ['backend'] }];
const COLLECTION_BURNS: readonly Silences[] = [{ others: ['CollectionBudgetBurns1D', 'CollectionBudgetBurns3D'] }];
const LATE: readonly Silences[] = [{ others: ['DeliveryBehind'], same: ['backend'] }];
const OF_PROXY = ['ProxyBackendDown', 'ProxyErrorsHigh', 'ProxyServerDown'];

const SILENCES: Readonly<Record<string, readonly Silences[]>> = {
  NoCollectorUp: [
    {
      others: [
        'CollectorDown',
        'CollectorsTooFew',
        'CollectorAbsent',
        'CollectionMetricsAbsent',
        'DeliveryMetricsAbsent',
      ],
    },
    { others: OF_PROXY, having: { proxy: 'collectors' } },
  ],
  NoInfluxdbUp: [
    {
      others: [
        ...['InfluxdbDown', 'LaneHeld', 'DeliveryBehind', 'NoBackendTakesPoints'],
        ...['1H', '6H', '1D', '3D'].map((window) => `DeliveryBudgetBurns${window}`),
      ],
    },
    { others: OF_PROXY, having: { proxy: 'influxdb' } },
  ],
  InfluxdbDown: [{ others: ['LaneHeld', 'DeliveryBehind'], same: ['server'] }],
  CollectorDown: [{ others: ['CollectorsTooFew'] }],
  RedisDown: [
    { others: ['FleetRedisUnreachable', 'CollectorAlone', 'FleetSmallerThanSeen', 'FleetLimitLost', 'RedisForgets'] },
  ],
  FleetRedisUnreachable: [{ others: ['CollectorAlone'], same: ['instance'] }],
  ProxyDown: [{ others: OF_PROXY }],
  DiskTakesNothing: [{ others: ['IntakeClosed'], same: ['instance'] }],
  LaneRefused: LATE,
  LaneHeld: LATE,
  InfluxdbDiskNearlyFull: [{ others: ['InfluxdbDiskFilling'], same: ['instance'] }],
  NodeDiskNearlyFull: [{ others: ['NodeDiskFilling', 'NodeDiskLow'], same: ['instance', 'device', 'mountpoint'] }],
  SpoolNearlyFull: [{ others: ['SpoolFilling'], same: ['instance', 'slot'] }],
  DeliveryBudgetBurns1H: BURNS,
  DeliveryBudgetBurns6H: BURNS,
  CollectionBudgetBurns1H: COLLECTION_BURNS,
  CollectionBudgetBurns6H: COLLECTION_BURNS,
};

/** The alert as it fires in its promtool case, and its neighbours: each has another value of one label of its series. */
function variantsOf(plan: Plan): Map<string, Labels[]> {
  return new Map(
    alertsOf(plan).map((alert) => {
      const { labels: ofSeries } = alert.cases.find(({ verdict }) => verdict === 'fires')!.expected[0]!;
      const labels = { alertname: alert.name, ...labelsOf(alert), ...ofSeries };
      const proxies = ofSeries['proxy'] === undefined ? [] : ['collectors', 'grafana'];
      return [
        alert.name,
        [
          labels,
          ...Object.keys(ofSeries).map((label) => ({ ...labels, [label]: 'elsewhere' })),
          ...proxies.map((value) => ({ ...labels, proxy: value })),
        ],
      ];
    }),
  );
}

const isSilencedBy = (source: Labels, target: Labels): boolean =>
  SILENCES[source['alertname']!]!.some(
    ({ others, same = [], having = {} }) =>
      others.includes(target['alertname']!) &&
      same.every((label) => source[label] === target[label]) &&
      Object.entries(having).every(([label, value]) => target[label] === value),
  );

it('holds back of all alerts those that another explains, and no neighbour of them nor itself', {
  timeout: 300_000,
}, async () => {
  const plan = planOf(STACK);
  const variants = variantsOf(plan);
  await using alertmanager = await startServer('alertmanager', { config: stringify(alertmanagerConfig(plan)) });
  const { url } = alertmanager;
  const expected = (source: Labels, targets: readonly Labels[]) =>
    targets
      .filter((target) => isSilencedBy(source, target))
      .map(show)
      .sort();
  const onlyTargets = [...variants.keys()].filter((name) => SILENCES[name] === undefined);
  const targets = onlyTargets.flatMap((name) => variants.get(name)!);
  await tell(url, targets, 'firing');
  expect(await suppressed(url)).toEqual([]);
  for (const name of Object.keys(SILENCES)) {
    const [source, ...neighbours] = variants.get(name)!;
    await tell(url, [source!], 'firing');
    await expect.poll(() => suppressed(url), { ...WITHIN, message: name }).toEqual(expected(source!, targets));
    // What is a source too comes alone, so that it holds back nothing of what is looked at: its own neighbours first.
    for (const other of Object.keys(SILENCES)) {
      const others = other === name ? neighbours : variants.get(other)!;
      if (others.length === 0) continue;
      await tell(url, others, 'firing');
      const message = `${name} and ${other}`;
      await expect.poll(() => suppressed(url, other), { ...WITHIN, message }).toEqual(expected(source!, others));
      await tell(url, others, 'resolved');
    }
    await tell(url, [source!], 'resolved');
  }
});

interface Notification {
  readonly status: string;
  readonly receiver: string;
  readonly groupLabels: Labels;
  readonly alerts: ReadonlyArray<{ readonly status: string; readonly labels: Labels }>;
}

/** A receiver on loopback, and what it was told. */
async function listen(): Promise<AsyncDisposable & { url: string; told: Notification[] }> {
  const told: Notification[] = [];
  const server = createServer(async (request, response) => {
    told.push(JSON.parse(await text(request)) as Notification);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/`,
    told,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const RECEIVERS = `
monitoring:
  alertmanager:
    receivers:
      - { name: on-call, webhook: /run/secrets/on-call }
      - { name: team, webhook: /run/secrets/team }
    routes: { critical: on-call, warning: team }
`;

/** As it is rendered, but that `url` stands for `url_file`, which Alertmanager 0.25 does not know, and waits are short. */
function withReceivers(url: string): AlertmanagerConfig {
  const { route, receivers, ...config } = alertmanagerConfig(planOf(STACK + RECEIVERS));
  const soon = { group_wait: '100ms', group_interval: '100ms' };
  const hooks = receivers.map(({ name, webhook_configs = [] }) => ({
    name,
    webhook_configs: webhook_configs.map(({ url_file: _, ...rest }) => ({ ...rest, url })),
  }));
  const routes = route.routes!.map((each) => ({ ...each, ...soon }));
  return { ...config, route: { ...route, routes }, receivers: hooks as unknown as AlertmanagerConfig['receivers'] };
}

describe('a receiver', () => {
  const at = (instance: string) => ({ alertname: 'IntakeClosed', severity: 'critical', instance });
  const down = { alertname: 'InfluxdbDown', severity: 'warning', server: 'influxdb-1:8086', backend: 'one' };
  const held = { alertname: 'LaneHeld', severity: 'warning', server: 'influxdb-1:8086', backend: 'one' };
  const info = { alertname: 'AckHoldOff', severity: 'info', backend: 'one' };

  it('is told of a group at once, of each by its severity, and of what has passed', async () => {
    await using receiver = await listen();
    await using alertmanager = await startServer('alertmanager', { config: stringify(withReceivers(receiver.url)) });
    const { url } = alertmanager;
    const told = () =>
      receiver.told.map(({ receiver: name, status, groupLabels, alerts }) => ({
        name,
        status,
        group: groupLabels,
        instances: alerts.map(({ labels: { instance } }) => instance).sort(),
      }));
    const group = { alertname: 'IntakeClosed', severity: 'critical' };
    await tell(url, [info, at('a'), at('b')], 'firing');
    const firing = { name: 'on-call', status: 'firing', group, instances: ['a', 'b'] };
    await expect.poll(told, WITHIN).toContainEqual(firing);
    await tell(url, [down], 'firing');
    const warned = { alertname: 'InfluxdbDown', severity: 'warning', backend: 'one' };
    const toTeam = { name: 'team', status: 'firing', group: warned, instances: [undefined] };
    await expect.poll(told, WITHIN).toContainEqual(toTeam);
    // What the team knows of holds back another face of it; first of one that nobody would be told of anyway.
    for (const face of [{ ...held, severity: 'info' }, held]) {
      await tell(url, [face], 'firing');
      await expect.poll(() => suppressed(url), WITHIN).toContainEqual(show(face));
    }
    await tell(url, [at('a'), at('b')], 'resolved');
    const passed = () =>
      receiver.told.flatMap(({ alerts }) =>
        alerts.filter(({ status }) => status === 'resolved').map(({ labels: { instance } }) => instance),
      );
    await expect.poll(() => [...new Set(passed())].sort(), WITHIN).toEqual(['a', 'b']);
    const names = new Set(receiver.told.flatMap(({ alerts }) => alerts.map(({ labels }) => labels['alertname'])));
    expect([...names].sort()).toEqual(['InfluxdbDown', 'IntakeClosed']);
  });
});
