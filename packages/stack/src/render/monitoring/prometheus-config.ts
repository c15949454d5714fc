import { ruleSetsOf } from '../../alerts/alerts.js';
import { showDuration } from '../../file/units.js';
import { formatAddress } from '../../plan/format-address.js';
import type { Plan } from '../../plan/plan.js';
import { composeSite } from '../../plan/site.js';

interface StaticConfig {
  targets: string[];
}

interface RelabelConfig {
  source_labels: string[];
  separator?: string;
  target_label: string;
}

interface ScrapeConfig {
  job_name: string;
  metrics_path?: string;
  params?: Record<string, string[]>;
  static_configs?: StaticConfig[];
  dns_sd_configs?: Array<{ names: string[]; type: 'A'; port: number; refresh_interval: string }>;
  relabel_configs?: RelabelConfig[];
}

/** prometheus.yml, as far as it is rendered: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ */
export interface PrometheusConfig {
  global: { scrape_interval: string; evaluation_interval: string; scrape_timeout: string };
  rule_files: string[];
  alerting: { alertmanagers: Array<{ static_configs: StaticConfig[] }> };
  scrape_configs: ScrapeConfig[];
}

/** Where the exporters listen by default. */
const EXPORTERS = { redis: 'redis-exporter:9121', node: 'node-exporter:9100', cadvisor: 'cadvisor:8080' } as const;

export function prometheusConfig(plan: Plan): PrometheusConfig {
  const { prometheus, alertmanager } = plan.stack.monitoring;
  const site = composeSite(plan);
  const interval = showDuration(prometheus.scrapeInterval);
  const manager = [`alertmanager:${alertmanager.port}`];
  return {
    global: {
      scrape_interval: interval,
      evaluation_interval: interval,
      scrape_timeout: showDuration(Math.min(10, prometheus.scrapeInterval)),
    },
    rule_files: ruleSetsOf(plan).map(({ name }) => `rules/${name}.yml`),
    alerting: { alertmanagers: [{ static_configs: [{ targets: manager }] }] },
    scrape_configs: [
      collectors(plan),
      scrape('influxdb', site.backends.map(formatAddress)),
      scrape('grafana', site.grafanas.map(formatAddress)),
      // Spare slots of the proxy are in maintenance, and say nothing.
      { ...scrape('haproxy', [`${site.proxy.host}:${plan.stack.proxy.port}`]), params: { 'no-maint': [''] } },
      scrape('redis', [EXPORTERS.redis]),
      scrape('node', [EXPORTERS.node]),
      scrape('cadvisor', [EXPORTERS.cadvisor]),
      scrape('prometheus', [`localhost:${prometheus.port}`]),
      scrape('alertmanager', manager),
      ...plan.stack.services.map(({ name, scrape: { targets, path } }) => ({
        ...scrape(name, targets),
        metrics_path: path,
      })),
    ],
  };
}

const scrape = (job: string, targets: string[]): ScrapeConfig => ({
  job_name: job,
  static_configs: [{ targets }],
});

/** DNS names every replica of a service, those of `--scale` too; the instance says whose address it is. */
function collectors({ collectors: { services }, stack }: Plan): ScrapeConfig {
  return {
    job_name: 'network-telemetry',
    dns_sd_configs: [{ names: [...services], type: 'A', port: stack.collectors.port, refresh_interval: '10s' }],
    relabel_configs: [{ source_labels: ['__meta_dns_name', '__address__'], separator: '/', target_label: 'instance' }],
  };
}
