import type { Alert } from './alert.js';
import { type AlertContext, COMPOSE } from './context.js';
import { level } from './course.js';
import { define, series } from './define.js';

const SERVED = 'proxy=~"collectors|influxdb|grafana"';

/** HAProxy: servers, queues and connections. */
export function proxy(context: AlertContext): Alert[] {
  const at = { job: 'haproxy', instance: `load-balancer:${context.plan.stack.proxy.port}` };
  const backend = { ...at, proxy: 'influxdb' };
  return [
    define(context, {
      name: 'ProxyBackendDown',
      category: 'availability',
      severity: 'critical',
      expr: `max by (proxy) (haproxy_backend_active_servers{${SERVED}}) == 0`,
      forS: 60,
      summary: 'HAProxy has no server for {{ $labels.proxy }}',
      description: 'Every request to it is answered with 503.',
      runbook: {
        meaning: 'For a minute no server of this backend has passed its health check.',
        impact: '`collectors`: no writes. `influxdb`: no reads. `grafana`: no dashboards.',
        look: [
          "curl -s 'http://localhost:8404/stats;csv' | cut -d, -f1,2,18,37,57 | column -ts,",
          'docker exec telemetry-lb wget -qO- http://influxdb-1:8086/ping',
          'docker logs --tail 100 telemetry-lb',
        ],
        act: [
          'The servers are down: `NoCollectorUp`, `NoInfluxdbUp`, `ServiceDown`.',
          'They run: column `check_desc` says what HAProxy gets from them. `MAINT` everywhere: DNS does not name them.',
        ],
      },
      levels: {
        series: (count) => ({ [series('haproxy_backend_active_servers', backend)]: level(count) }),
        fires: 0,
        silent: 1,
        labels: { proxy: 'influxdb' },
      },
    }),
    define(context, {
      name: 'ProxyServerDown',
      category: 'availability',
      severity: 'warning',
      expr: `max by (proxy, server) (haproxy_server_status{${SERVED},state="DOWN"}) == 1`,
      forS: 120,
      summary: 'HAProxy sends nothing to {{ $labels.server }} of {{ $labels.proxy }}',
      description: 'It fails its health check; the others of that backend serve.',
      runbook: {
        meaning: 'A server that DNS or the configuration names has failed its health check for two minutes.',
        impact: 'The others carry its load.',
        look: ["curl -s 'http://localhost:8404/stats;csv' | cut -d, -f1,2,18,37,57 | column -ts,"],
        act: [
          '`collectors`: `/health/ready` of that collector says why; see `IntakeClosed`.',
          'Else as for a service that is down.',
        ],
      },
      levels: {
        series: (value) => ({
          [series('haproxy_server_status', { ...backend, server: 'influxdb-1', state: 'DOWN' })]: level(value),
        }),
        fires: 1,
        silent: 0,
        labels: { proxy: 'influxdb', server: 'influxdb-1' },
      },
    }),
    define(context, {
      name: 'ProxyQueue',
      category: 'scaling',
      severity: 'warning',
      expr: `max by (proxy) (haproxy_backend_current_queue{${SERVED}}) > 10`,
      forS: 120,
      summary: '{{ $value | humanize }} requests to {{ $labels.proxy }} wait in HAProxy',
      description: 'Every server has as many as it may have at once.',
      runbook: {
        meaning: 'For two minutes more than ten requests have been waiting for a server.',
        impact: 'Clients wait; those that wait longer than the queue timeout get 503, or 429 for writes.',
        look: ["curl -s 'http://localhost:8404/stats;csv' | cut -d, -f1,2,3,4,5,18 | column -ts,"],
        act: [
          `\`collectors\`: add some: \`${COMPOSE} up -d --scale network-telemetry-1=2\`.`,
          '`influxdb`: slow queries hold the places: `InfluxdbQueriesSlow`.',
        ],
      },
      levels: {
        series: (count) => ({ [series('haproxy_backend_current_queue', backend)]: level(count) }),
        fires: 40,
        silent: 4,
        labels: { proxy: 'influxdb' },
        shown: '40',
      },
    }),
    define(context, {
      name: 'ProxyConnectionsNearLimit',
      category: 'scaling',
      severity: 'warning',
      expr: 'haproxy_process_current_connections{job="haproxy"} / haproxy_process_max_connections{job="haproxy"} > 0.8',
      forS: 120,
      summary: '{{ $labels.instance }} has {{ $value | humanizePercentage }} of the connections that it may have',
      description: 'At the limit new clients wait in the kernel until others leave.',
      runbook: {
        meaning: 'For two minutes HAProxy has had more than 80 % of `maxconn` connections.',
        impact: 'At the limit nobody new gets in, health checks of outside included.',
        look: [
          "curl -s 'http://localhost:8404/stats;csv' | grep FRONTEND | cut -d, -f1,5,7",
          'docker logs --tail 200 telemetry-lb',
        ],
        act: [
          'One source holds most: it does not reuse its connections, or is an attack; the log names addresses.',
          'Raise `proxy.maxConnections` in the stack file.',
        ],
      },
      levels: {
        series: (share) => ({
          [series('haproxy_process_current_connections', at)]: level(share * 4000),
          [series('haproxy_process_max_connections', at)]: level(4000),
        }),
        fires: 0.9,
        silent: 0.4,
        labels: at,
        shown: '90%',
      },
    }),
    define(context, {
      name: 'ProxyFrontendNearLimit',
      category: 'scaling',
      severity: 'warning',
      expr: 'haproxy_frontend_current_sessions{job="haproxy"} / (haproxy_frontend_limit_sessions{job="haproxy"} > 0) > 0.8',
      forS: 120,
      summary: 'The front {{ $labels.proxy }} has {{ $value | humanizePercentage }} of the sessions that it may have',
      description: 'At the limit new clients of this front wait until others leave.',
      runbook: {
        meaning: 'For two minutes this front of HAProxy has had more than 80 % of its `maxconn` sessions.',
        impact: 'Other fronts go on; here new clients soon wait.',
        look: ["curl -s 'http://localhost:8404/stats;csv' | grep FRONTEND | cut -d, -f1,5,7"],
        act: ['As for `ProxyConnectionsNearLimit`.'],
      },
      levels: {
        series: (share) => ({
          [series('haproxy_frontend_current_sessions', { ...at, proxy: 'influxdb_front' })]: level(share * 8),
          [series('haproxy_frontend_limit_sessions', { ...at, proxy: 'influxdb_front' })]: level(8),
        }),
        fires: 0.9,
        silent: 0.4,
        labels: { ...at, proxy: 'influxdb_front' },
        shown: '90%',
      },
    }),
  ];
}
