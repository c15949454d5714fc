import { expect, it } from 'vitest';
import { until } from '../process/wait.js';
import { startServer } from '../start.js';

// Prometheus learns of Alertmanager after 5 s, and tells an alert again only after a minute.
const ALWAYS = `groups:
  - name: always
    rules:
      - { alert: AlwaysThere, expr: vector(1), for: 8s, labels: { severity: info } }
`;

const configuration = (alertmanager: number, exporter: number) => `
global: { scrape_interval: 200ms, evaluation_interval: 200ms }
rule_files: [rules/always.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ['127.0.0.1:${alertmanager}'] }] }] }
scrape_configs: [{ job_name: node, static_configs: [{ targets: ['127.0.0.1:${exporter}'] }] }]
`;

it('scrapes, evaluates rules, and tells Alertmanager', async () => {
  await using exporter = await startServer('node-exporter', { collectors: ['loadavg'] });
  await using alertmanager = await startServer('alertmanager');
  await using prometheus = await startServer('prometheus', {
    files: {
      'prometheus.yml': configuration(alertmanager.port, exporter.port),
      'rules/always.yml': ALWAYS,
    },
  });
  const json = async (url: string): Promise<unknown> => (await fetch(url)).json();
  await until(async () => {
    expect(await json(`${prometheus.url}/api/v1/query?query=up`)).toMatchObject({
      data: { result: [{ metric: { job: 'node' }, value: [expect.any(Number), '1'] }] },
    });
    expect(await json(`${alertmanager.url}/api/v2/alerts`)).toMatchObject([
      { labels: { alertname: 'AlwaysThere', severity: 'info' } },
    ]);
  }, 120_000);
});
