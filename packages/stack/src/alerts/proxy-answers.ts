import type { Alert } from './alert.js';
import type { AlertContext } from './context.js';
import { level, rising } from './course.js';
import { define, series } from './define.js';

const RANGE_S = 300;
/** The backends that serve requests: those of the lanes are only checked, and of the subsets each server is in `influxdb`. */
const SERVED = 'proxy=~"collectors|influxdb|grafana"';
const PROXY = { job: 'haproxy', instance: 'load-balancer:8404', proxy: 'influxdb' } as const;

/** How fast and how well requests through HAProxy are answered. */
export function proxyAnswers(context: AlertContext): Alert[] {
  const range = context.window(RANGE_S);
  const windowS = context.windowS(RANGE_S);
  const answers = `haproxy_backend_http_responses_total{${SERVED}`;
  const answered = (errors: number, fine: number) => ({
    [series('haproxy_backend_http_responses_total', { ...PROXY, code: '5xx' })]: rising(errors),
    [series('haproxy_backend_http_responses_total', { ...PROXY, code: '2xx' })]: rising(fine),
  });
  return [
    define(context, {
      name: 'ResponsesSlow',
      category: 'performance',
      severity: 'warning',
      expr: `max by (proxy) (haproxy_backend_response_time_average_seconds{${SERVED}}) > 1`,
      forS: 600,
      summary: '{{ $labels.proxy }} answers in {{ $value | humanizeDuration }} on average',
      description: 'Average over the last 1,024 requests through HAProxy, as HAProxy measured it.',
      runbook: {
        meaning:
          'For ten minutes the last 1,024 requests to this backend of HAProxy have taken longer than a second on average.',
        impact: 'Dashboards and writers wait. Writers that give up send again.',
        look: ["curl -s 'http://localhost:8404/stats;csv' | cut -d, -f1,2,18,59-61 | column -ts,"],
        act: [
          '`influxdb`: see `InfluxdbQueriesSlow`; a dashboard may ask for too long a time.',
          '`collectors`: writes wait for the disk; see `CommitsSlow` and `CollectorCpuHigh`.',
          '`grafana`: its database, `grafana-db`.',
        ],
      },
      levels: {
        series: (seconds) => ({ [series('haproxy_backend_response_time_average_seconds', PROXY)]: level(seconds) }),
        fires: 2.5,
        silent: 0.4,
        labels: { proxy: 'influxdb' },
        shown: '2.5s',
      },
    }),
    define(context, {
      name: 'ProxyErrorsHigh',
      category: 'scaling',
      severity: 'critical',
      expr: `sum by (proxy) (rate(${answers},code="5xx"}[${range}])) / sum by (proxy) (rate(${answers}}[${range}])) > 0.05 and sum by (proxy) (rate(${answers}}[${range}])) > 0.2`,
      forS: 300,
      summary: '{{ $value | humanizePercentage }} of the requests to {{ $labels.proxy }} fail',
      description: 'Answers of class 5xx, those that HAProxy gives itself because no server is there among them.',
      runbook: {
        meaning:
          'For five minutes more than 5 % of the answers of this backend have been 5xx, at more than 0.2 requests a second.',
        impact:
          'Clients see errors. Writes that got no 204 are sent again by their writers; nothing that got one is lost.',
        look: [
          'curl -s http://localhost:8404/stats',
          'docker logs --tail 200 telemetry-lb',
          'curl -si http://localhost:8086/ping; curl -si http://localhost:8080/health/ready',
        ],
        act: [
          'No server is up: see `ProxyBackendDown`.',
          '`collectors`: `/health/ready` of each says why it takes nothing (`IntakeClosed`).',
          '`influxdb`: its own log; 5xx under load is memory or disk.',
        ],
      },
      levels: {
        series: (share) => answered(share, 1 - share),
        fires: 0.1,
        silent: 0.02,
        windowS,
        labels: { proxy: 'influxdb' },
        shown: '10%',
      },
      guards: { 'hardly anybody asks': answered(0.01, 0.09) },
    }),
  ];
}
