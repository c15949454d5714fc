import { fileURLToPath } from 'node:url';
import { FleetRig, freePort, startServer } from '@breakwater/testbed';
import { expect, it } from 'vitest';
import { breakwater } from '../io.suite.js';

const MAIN = fileURLToPath(new URL('../../../../examples/telemetry-collector/dist/main.js', import.meta.url));

const doctor = (...parts: string[]) => breakwater('doctor', '--collectors', 'none', '--grafana', 'none', ...parts);

type Report = Awaited<ReturnType<typeof breakwater>>;

/** Asks again until one report has all of it: what is asked checks and scrapes on its own time, one thing after another. */
const eventually = (ask: () => Promise<Report>, code: number, ...lines: readonly RegExp[]) =>
  expect
    .poll(ask, { timeout: 60_000, interval: 250 })
    .toSatisfy((report: Report) => report.code === code && lines.every((line) => line.test(report.printed)));

it('reads the pages of HAProxy and InfluxDB as they are', async () => {
  await using influxdb = await startServer('influxdb');
  const port = Number(new URL(influxdb.url).port);
  const config = async () => {
    const [front, statistics] = [await freePort(), await freePort()];
    const text = `
global
  maxconn 100
defaults
  mode http
  timeout connect 10s
  timeout check 10s
  timeout client 10s
  timeout server 10s
frontend influxdb
  bind 127.0.0.1:${front}
  default_backend influxdb
backend influxdb
  option httpchk GET /ping
  server influxdb-1 127.0.0.1:${port} check inter 500ms
  server influxdb-2 127.0.0.1:1 check inter 500ms
backend grafana
  server grafana-1 127.0.0.1:1 check inter 500ms
frontend statistics
  bind 127.0.0.1:${statistics}
  http-request use-service prometheus-exporter if { path /metrics }
`;
    return { text, port: front, statsPort: statistics };
  };
  await using proxy = await startServer('haproxy', { config });
  const parts = ['--reads', proxy.url, '--stats', proxy.statsUrl.replace('/stats', '')];
  const others = ['--prometheus', 'none', '--alertmanager', 'none'];
  await eventually(
    () => doctor(...parts, ...others),
    1,
    /^unhealthy {2}proxy: servers of grafana: no server is up; down: grafana-1 \(L4CON\)$/m,
    /^warning {4}proxy: servers of influxdb: 1 of 2 up; down: influxdb-2 \(L4CON\)$/m,
    /^ok {9}reads: .*\/ping answers 204$/m,
    /^ok {9}proxy: connections: \d+ of 100$/m,
  );
});

it('reads the pages of Prometheus and Alertmanager as they are', async () => {
  await using alertmanager = await startServer('alertmanager');
  const scrape = (job: string, port: number | string) =>
    `  - { job_name: ${job}, static_configs: [{ targets: ["127.0.0.1:${port}"] }] }\n`;
  const rules = (severity: string) =>
    `      - { alert: Down_${severity}, expr: 'up == 0', labels: { severity: ${severity} }, annotations: { summary: "{{ $labels.job }} is down", runbook_url: "docs/runbook.md#down" } }\n`;
  await using prometheus = await startServer('prometheus', {
    files: {
      'prometheus.yml': `global: { scrape_interval: 500ms, evaluation_interval: 500ms }\nrule_files: [rules.yml]\nscrape_configs:\n${scrape('there', new URL(alertmanager.url).port)}${scrape('gone', 1)}`,
      'rules.yml': `groups:\n  - name: g\n    rules:\n${rules('critical')}${rules('warning')}`,
    },
  });
  const parts = [
    '--reads',
    'none',
    '--stats',
    'none',
    '--prometheus',
    prometheus.url,
    '--alertmanager',
    alertmanager.url,
  ];
  await eventually(
    () => doctor(...parts),
    1,
    /^unhealthy {2}prometheus: alert Down_critical: critical, 1 firing: gone is down\n {11}→ docs\/runbook\.md#down$/m,
    /^unhealthy {2}prometheus: targets of gone: 1 of 1 down: .*connection refused$/m,
    /^warning {4}prometheus: alert Down_warning: warning, 1 firing: gone is down$/m,
    /^(?![\s\S]*targets of there)/,
    /^ok {9}alertmanager: 0\.\d+\.\d+, cluster disabled$/m,
  );
});

it('reads the pages of collectors as they are', async () => {
  await using redis = await startServer('redis');
  const env = () => ({ REDIS_URL: redis.url, FLEET_LEASE: '5' });
  await using rig = await FleetRig.start({ main: MAIN, offsetOf: () => 0, collectors: 3, targets: 6, env });
  await Promise.all(rig.collectors.map((collector) => collector.start()));
  const nobody = ['reads', 'grafana', 'stats', 'prometheus', 'alertmanager'].flatMap((part) => [`--${part}`, 'none']);
  const ask = () =>
    breakwater('doctor', ...rig.collectors.flatMap(({ url }) => ['--collectors', url]), ...nobody, '--load', '3');
  const withCounts = async () => {
    const report = await ask();
    return { ...report, printed: report.printed + report.said };
  };
  await eventually(
    withCounts,
    0,
    /^0 unhealthy, 0 warnings, 31 ok\n/m,
    / fleet: members: 3 of at least 3: collector-1, collector-2, collector-3$/m,
    / ledger: adds up: 1 account, [\d,]+ points$/m,
    / load: 3 × POST \/collect: 3 × 200; p95 \d+ ms$/m,
  );
  await redis.stop();
  await eventually(
    ask,
    1,
    / fleet: standing: alone\n/,
    /^unhealthy {2}\S+ fleet: members: who is there is not known: Redis at /m,
  );
});
