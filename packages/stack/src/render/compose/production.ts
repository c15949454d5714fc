import type { Plan } from '../../plan/plan.js';
import { composeSite } from '../../plan/site.js';
import type { ComposeFile, ComposeService } from './compose-file.js';
import { GRAFANA_DATABASE, grafana, grafanaDatabase, loadBalancer } from './front-services.js';
import { alertmanager, cadvisor, nodeExporter, prometheus, redisExporter } from './monitoring-services.js';
import { collector, influxdb, redis } from './telemetry-services.js';
import { volumesOf } from './volumes.js';

/** docker-compose.ha.yml: everything, each part of which may fail alone. */
export function production(plan: Plan): ComposeFile {
  const site = composeSite(plan);
  const each = (names: readonly string[], service: (name: string) => ComposeService) =>
    Object.fromEntries(names.map((name) => [name, service(name)]));
  const services: Record<string, ComposeService> = {
    'load-balancer': loadBalancer(plan),
    ...each(plan.collectors.services, (name) => collector(plan, site, name)),
    ...each(
      plan.backends.map(({ name }) => name),
      (name) => influxdb(plan, name),
    ),
    redis: redis(plan),
    ...each(plan.grafanas, () => grafana(plan)),
    [GRAFANA_DATABASE]: grafanaDatabase(plan),
    prometheus: prometheus(plan),
    alertmanager: alertmanager(plan),
    'redis-exporter': redisExporter(plan, site),
    'node-exporter': nodeExporter(plan),
    cadvisor: cadvisor(plan),
  };
  return {
    services,
    // What has no business outside has no way there.
    networks: { front: {}, back: { internal: true }, monitoring: {}, targets: {} },
    volumes: volumesOf(services),
  };
}
