import { execFileSync } from 'node:child_process';
import { freePort, type RunningServer, startServer } from '@breakwater/testbed';
import type { EmittedMetric } from './emitted.js';
import type { ExporterList, ExporterName } from './exporter-list.js';
import { readMetricsPage } from './metrics-page.js';

type Live = 'haproxy' | 'node-exporter' | 'prometheus' | 'alertmanager';

/** How long a metric may be missing that comes with the first turn of something. */
const DUE_WITHIN_MS = 30_000;

interface LiveExporter {
  readonly title: string;
  readonly program: string;
  /** What makes the program tell its version. */
  readonly version: readonly string[];
  /** What `source` of its list says. */
  readonly asked: string;
  readonly start: () => Promise<RunningServer & { readonly metricsUrl: string }>;
  /** Labels whose values are on the page in full, whatever happens. All others are names of things. */
  readonly closed: readonly string[];
  /** What is different in the image of the stack file, as far as it is known. */
  readonly differences: string;
}

/** The services that run here, and what their lists are made of: `npm run exporter-lists`. */
const LIVE: Readonly<Record<Live, LiveExporter>> = {
  haproxy: {
    title: 'HAProxy',
    program: 'haproxy',
    version: ['-v'],
    asked: '/metrics of HAProxy with a front, server templates, a stick table and DNS resolvers',
    start: () => startServer('haproxy', { config: withEverything }),
    closed: ['state', 'code'],
    differences: 'The image has a later 2.6, which was not compared.',
  },
  'node-exporter': {
    title: 'node exporter',
    program: 'prometheus-node-exporter',
    version: ['--version'],
    asked: '/metrics of node_exporter with its default collectors, on a virtual machine',
    start: () => startServer('node-exporter'),
    closed: ['mode'],
    differences: 'The image has 1.9, which was not compared. Which metrics are there depends on the machine.',
  },
  prometheus: {
    title: 'Prometheus',
    program: 'prometheus',
    version: ['--version'],
    asked: '/metrics of Prometheus with a rule, a target and an Alertmanager',
    start: async () => {
      const port = await freePort();
      const config = [
        'global: { scrape_interval: 1s, evaluation_interval: 1s }',
        'rule_files: [rules.yml]',
        `alerting: { alertmanagers: [{ static_configs: [{ targets: ["127.0.0.1:${port}"] }] }] }`,
        `scrape_configs: [{ job_name: none, static_configs: [{ targets: ["127.0.0.1:${port}"] }] }]`,
      ].join('\n');
      const rules = 'groups: [{ name: g, rules: [{ alert: A, expr: vector(1) }] }]\n';
      return startServer('prometheus', { files: { 'prometheus.yml': config, 'rules.yml': rules } });
    },
    closed: [],
    differences: 'The image has 2.53, which was not compared.',
  },
  alertmanager: {
    title: 'Alertmanager',
    program: 'prometheus-alertmanager',
    version: ['--version'],
    asked: '/metrics of Alertmanager',
    start: () => startServer('alertmanager'),
    closed: [],
    differences:
      'The image has 0.27, which was not compared; later versions than this give alertmanager_notifications_failed_total a reason.',
  },
};

export const LIVE_NAMES = Object.keys(LIVE) as ReadonlyArray<Live & ExporterName>;

/** The list of a running exporter, as it is committed in `data/emitted`; waits a while for the metrics that are due. */
export async function liveList(name: Live, due: readonly string[] = []): Promise<ExporterList> {
  const { title, program, version, asked, closed, differences } = LIVE[name];
  const metrics = (await livePage(name, due)).map(({ name: metric, type, labels, sometimes = [] }) => ({
    name: metric,
    type,
    labels: Object.fromEntries(
      Object.entries(labels).map(([label, values]) => [
        label,
        closed.includes(label) && values !== 'any' ? [...values] : ('any' as const),
      ]),
    ),
    ...(sometimes.length === 0 ? {} : { sometimes: [...sometimes] }),
  }));
  const told = execFileSync(program, version, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return {
    exporter: title,
    version: /\d+\.\d+\.\d+/.exec(told)![0],
    source: asked,
    differences,
    metrics: metrics.sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** What a running exporter has on its page. */
async function livePage(name: Live, due: readonly string[]): Promise<EmittedMetric[]> {
  await using server = await LIVE[name].start();
  // The first page of a Go program lacks what counts requests for pages; Prometheus needs a turn for its rule.
  for (let asked = 0; asked < (name === 'prometheus' ? 30 : 1); asked++) {
    await fetch(server.metricsUrl).then((answer) => answer.text());
    if (name === 'prometheus') await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const read = async () => readMetricsPage(await fetch(server.metricsUrl).then((answer) => answer.text()), name);
  const endMs = performance.now() + DUE_WITHIN_MS;
  for (;;) {
    const metrics = await read();
    const there = new Set(metrics.map((metric) => metric.name));
    if (due.every((metric) => there.has(metric)) || performance.now() > endMs) return metrics;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function withEverything(dir: string) {
  const [port, statsPort] = [await freePort(), await freePort()];
  const text = `
global
  stats socket ${dir}/admin.sock mode 600 level admin
resolvers dns
  nameserver one 127.0.0.1:${await freePort()}
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
frontend front
  bind 127.0.0.1:${port}
  stick-table type ip size 1k expire 10s store http_req_rate(10s)
  http-request track-sc0 src
  default_backend servers
backend servers
  option httpchk
  http-check send meth GET uri /
  server-template collector 1-3 localhost:9 check inter 500ms init-addr none resolvers dns
  server one 127.0.0.1:9 check
frontend stats
  bind 127.0.0.1:${statsPort}
  http-request use-service prometheus-exporter if { path /metrics }
  stats enable
  stats uri /stats
`;
  return { text, port, statsPort };
}
