import { describe, expect, it } from 'vitest';
import { alertsOf } from '../../alerts/alerts.js';
import { artifactsOf } from '../../check/artifacts-of.js';
import { metricsChecks } from '../../check/metrics/checks.js';
import { emittedBy } from '../../emitted/emitted-by.js';
import { ownMetrics } from '../../emitted/metrics-catalog.js';
import { showFinding } from '../../finding.js';
import { HaproxyConfig } from '../../haproxy/haproxy-config.js';
import type { Plan } from '../../plan/plan.js';
import { renderHaproxy } from '../haproxy/haproxy.js';
import { renderMonitoring } from '../monitoring/monitoring.js';
import type { RenderedFile } from '../rendered-file.js';
import { renderGrafana } from './grafana.js';
import { colours, dashboardsOf, panel, panelsOf, planOf } from './grafana.suite.js';

const STACKS = {
  'the default stack': '',
  'one backend, scraped slowly': 'backends: { replicas: 1 }\nmonitoring: { prometheus: { scrapeInterval: 2m } }\n',
};
/** To read six dashboards as YAML, with the line of each value, takes seconds on a busy machine. */
const CHECK_TIMEOUT_MS = 60_000;

describe.each(Object.entries(STACKS))('the dashboards of %s', (_, more) => {
  const plan = planOf(more);
  const dashboards = dashboardsOf(plan);

  it(
    'use nothing but what is emitted, as what it is',
    () => {
      expect(findings(plan, renderGrafana(plan))).toEqual([]);
    },
    CHECK_TIMEOUT_MS,
  );

  it('are there, each under its own name', () => {
    expect([...dashboards.keys()]).toEqual(['resilience', 'delivery', 'fleet', 'collection', 'haproxy', 'influxdb']);
    const all = [...dashboards.values()];
    expect(new Set(all.map(({ uid }) => uid)).size).toBe(all.length);
    expect(new Set(all.map(({ title }) => title)).size).toBe(all.length);
  });

  it.each([...dashboards])('%s: panels lie in the grid, side by side, and fill each line', (_, dashboard) => {
    const cells = new Map<string, string>();
    for (const { title, gridPos } of dashboard.panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(cells.get(`${x},${y}`), `under "${title}"`).toBeUndefined();
          cells.set(`${x},${y}`, title);
        }
      }
    }
    const bottom = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
    expect(Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.x + gridPos.w))).toBe(24);
    expect(cells.size).toBe(24 * bottom);
  });
});

it(
  'says so when a dashboard uses what nothing emits',
  () => {
    const plan = planOf();
    const renamed = renderGrafana(plan)
      .filter(({ path }) => path.endsWith('collection.json'))
      .map(({ path, text }) => ({ path, text: text.replaceAll('telemetry_turn_delay', 'telemetry_turn_late') }));
    expect(findings(plan, renamed).join('\n')).toContain('uses telemetry_turn_late_seconds_bucket');
  },
  CHECK_TIMEOUT_MS,
);

describe('what can be chosen', () => {
  const dashboards = dashboardsOf(planOf());
  const regexOf = (file: string, name: string) => {
    const { regex } = dashboards.get(file)!.templating.list.find((variable) => variable.name === name)!;
    return new RegExp(regex!.slice(1, -1));
  };

  it('backends are shown by their address', () => {
    const { groups } = regexOf('delivery', 'backend').exec('http://influxdb-1:8086/path')!;
    expect(groups).toEqual({ value: 'http://influxdb-1:8086/path', text: 'influxdb-1:8086' });
  });

  it('of the proxy is what answers requests, and neither votes nor tables', () => {
    const [{ path, text }] = renderHaproxy(planOf()) as [RenderedFile];
    const names = new HaproxyConfig(path, text).sections
      .filter(({ kind }) => kind === 'frontend' || kind === 'backend')
      .map(({ name }) => name!);
    const regex = regexOf('haproxy', 'proxy');
    expect([...new Set(names.filter((name) => regex.test(name)))].sort()).toEqual([
      'collectors',
      'grafana',
      'influxdb',
      'reads_influxdb-1',
      'reads_influxdb-2',
      'statistics',
    ]);
    expect(names.filter((name) => !regex.test(name)).sort()).toEqual([
      'lane_influxdb-1',
      'lane_influxdb-2',
      'requests',
      'sources',
    ]);
  });
});

it('shows of rare events those that happen, and says so when there are none', () => {
  const { targets, fieldConfig } = panel(dashboardsOf(planOf()), 'delivery', 'Sent again');
  expect(targets![0]!.expr).toMatch(/\) > 0$/);
  expect(fieldConfig!.defaults.noValue).toBe('none');
});

it('is the same text each time', () => {
  expect(renderGrafana(planOf())).toEqual(renderGrafana(planOf()));
});

describe('limits follow the stack file', () => {
  const before = dashboardsOf(planOf());

  it('the number of collectors', () => {
    const text = 'collectors: { targetCidrs: [10.0.0.0/8], min: 4, max: 40 }\n';
    const after = dashboardsOf(planOf(text));
    const limits = (max: number, min: number) => [
      [null, 'red'],
      [1, 'orange'],
      [min, 'green'],
      [max, 'orange'],
    ];
    for (const file of ['collection', 'fleet']) {
      expect(colours(panel(before, file, 'Collectors up'))).toEqual(limits(20, 3));
      expect(colours(panel(after, file, 'Collectors up'))).toEqual(limits(40, 4));
    }
    expect(panel(after, 'haproxy', 'Slots for collectors').targets![0]!.expr).toMatch(/ \/ 41$/);
  });

  it('objectives', () => {
    const after = dashboardsOf(planOf('objectives: { collection: { percent: 99 }, delivery: { percent: 95 } }\n'));
    const [red, orange, green] = colours(panel(after, 'collection', 'Objective, last hour'));
    expect(red).toEqual([null, 'red']);
    // 14.4 times as fast as allowed: 2 % of the budget of 30 days in an hour.
    expect(orange).toEqual([0.856, 'orange']);
    expect(green).toEqual([0.99, 'green']);
    expect(colours(panel(after, 'delivery', 'Objective, last hour')).at(-1)).toEqual([0.95, 'green']);
    expect(panel(after, 'delivery', 'Error budget burnt').targets![0]!.expr).toMatch(/ \/ 0\.05$/);
    expect(panel(before, 'delivery', 'Error budget burnt').targets![0]!.expr).toMatch(/ \/ 0\.001$/);
  });

  it('slots, resources, caps', () => {
    const after = dashboardsOf(
      planOf(
        'collectors: { targetCidrs: [10.0.0.0/8], settings: { MAX_CONCURRENT_TARGETS: 80 }, scaling: { busy: 50 }, spool: { maxBytes: 2Gi }, resources: { limits: { cpu: 2 } } }\nbackends: { storage: 100Gi }\n',
      ),
    );
    expect(colours(panel(after, 'collection', 'Slots in use'))).toEqual([
      [null, 'green'],
      [40, 'yellow'],
      [80, 'red'],
    ]);
    expect(colours(panel(after, 'collection', 'Processor')).at(-1)).toEqual([2, 'red']);
    expect(panel(after, 'delivery', 'Fullest log').targets![0]!.expr).toContain(`/ ${2 * 1024 ** 3}`);
    expect(colours(panel(after, 'influxdb', 'Shards on disk')).at(-1)).toEqual([100 * 1024 ** 3, 'red']);
  });

  it('the alerts', () => {
    const alerts = new Map(alertsOf(planOf()).map((alert) => [alert.name, alert]));
    const limit = Number(/> (\d+)$/.exec(alerts.get('DeliveryBehind')!.expr)![1]);
    expect(limit).toBeGreaterThan(0);
    expect(colours(panel(before, 'delivery', 'Lag')).map(([from]) => from)).toEqual([null, limit]);
  });
});

describe('alerts', () => {
  const named = (plan: Plan) =>
    [...dashboardsOf(plan).values()].flatMap((dashboard) =>
      panelsOf(dashboard).flatMap(({ description }) =>
        [...description!.matchAll(/^- (\w+) \((?:critical|warning|info)\): (\S+)$/gm)].map(([, name, url]) => [
          name!,
          url!,
        ]),
      ),
    );

  it('that panels are about are named with the place in the runbook', () => {
    const all = named(planOf());
    const names = new Set(alertsOf(planOf()).map(({ name }) => name));
    for (const [name, url] of all) {
      expect(names).toContain(name);
      expect(url).toBe(`docs/runbook.md#${name!.toLowerCase()}`);
    }
    // Those on what has no dashboard here: the machine, containers, the monitoring itself, what is absent.
    const elsewhere = /^(?:Node|Container|Alert|Prometheus|Notifications|Rules|Service)|Absent$/;
    const shown = new Set(all.map(([name]) => name));
    expect([...names].filter((name) => !shown.has(name) && !elsewhere.test(name))).toEqual([]);
  });

  it('are links where the runbook has a URL, and none where that would lead nowhere', () => {
    const linked = (plan: Plan) => panel(dashboardsOf(plan), 'delivery', 'Lag').links ?? [];
    expect(linked(planOf())).toEqual([]);
    const [link] = linked(planOf('monitoring: { runbook: "https://example.org/runbook.md" }\n'));
    expect(link).toMatchObject({
      title: 'Runbook: DeliveryBehind',
      url: 'https://example.org/runbook.md#deliverybehind',
      targetBlank: true,
    });
  });

  it('that a stack does not have are left out', () => {
    const names = named(planOf('backends: { replicas: 1 }\n')).map(([name]) => name);
    const existing = new Set(alertsOf(planOf('backends: { replicas: 1 }\n')).map(({ name }) => name));
    expect(names.filter((name) => !existing.has(name!))).toEqual([]);
  });

  it('are marked on every dashboard, by a category that they have', () => {
    const categories = new Set<string>(alertsOf(planOf()).map(({ category }) => category));
    for (const { annotations } of dashboardsOf(planOf()).values()) {
      const [marked] = annotations.list;
      const [, list] = /category=~"([^"]+)"/.exec(marked!.expr)!;
      for (const category of list!.split('|')) expect(categories).toContain(category);
    }
  });
});

function findings(plan: Plan, rendered: readonly RenderedFile[]): string[] {
  // The tests of the rules are large, and say nothing about dashboards.
  const monitoring = renderMonitoring(plan).filter(({ path }) => !path.startsWith('prometheus/tests/'));
  const files = [...rendered, ...monitoring];
  const artifacts = artifactsOf(files, emittedBy({ plan, catalog: ownMetrics() }), plan);
  return metricsChecks.flatMap(({ id, run }) =>
    run(artifacts)
      .filter(({ file }) => file.startsWith('grafana/'))
      .map((finding) => showFinding({ check: id, ...finding })),
  );
}
