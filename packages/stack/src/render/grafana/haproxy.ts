import { type Board, type BoardContext, firing, type Panel, steps, timeline } from './board.js';
import { ANSWERING, chosen, max, min, orZero, rate, sum } from './query.js';

const CATEGORIES = ['availability', 'performance', 'scaling'] as const;
const PROXY = 'proxy=~"$proxy"';
const of = (metric: string, matchers = '') => chosen(metric, PROXY, matchers);

/** Of the backends those that always take requests: others stand for some of them. */
const SERVED = 'proxy=~"collectors|influxdb|grafana"';

/** The states of a server at the proxy. */
export const SERVER_STATES = [
  ['UP', 'green'],
  ['DRAIN', 'blue'],
  ['NOLB', 'yellow'],
  ['MAINT', 'blue'],
  ['DOWN', 'red'],
] as const;

export function haproxy(context: BoardContext): Board {
  const { stack, collectors } = context.plan;
  const answers = (code: string) => sum(rate(of('haproxy_backend_http_responses_total', code)), 'proxy');
  return {
    file: 'haproxy',
    title: 'HAProxy',
    description: 'What comes in at the load balancer, what its servers answer, and how close it is to its limits.',
    job: 'haproxy',
    identity: 'haproxy_process_start_time_seconds',
    started: 'haproxy_process_start_time_seconds',
    variables: [
      {
        name: 'proxy',
        of: 'haproxy_backend_status{job=~"$job",instance=~"$instance"}',
        label: 'proxy',
        description: 'Which frontends and backends; a front and what stands behind it have the same name',
        // Tables of counts and the votes of collectors answer nobody.
        regex: '/^(?!lane_|sources$|requests$)/',
        listedOnly: true,
      },
    ],
    categories: CATEGORIES,
    rows: [
      {
        title: 'Is it fine?',
        perLine: 4,
        panels: [
          firing(CATEGORIES),
          {
            kind: 'stat',
            title: 'Proxies up',
            description: 'Load balancers that Prometheus can ask.',
            unit: 'none',
            queries: [{ expr: orZero(ANSWERING) }],
            steps: steps('red', [1, 'green']),
            alerts: ['ProxyDown'],
          },
          {
            kind: 'stat',
            title: 'Fewest servers',
            description: 'Servers that take requests, of collectors, InfluxDB and Grafana, where there are the fewest.',
            unit: 'none',
            queries: [{ expr: min(chosen('haproxy_backend_active_servers', SERVED)) }],
            steps: context.limits('ProxyBackendDown'),
            alerts: ['ProxyBackendDown', 'ProxyServerDown'],
          },
          {
            kind: 'stat',
            title: 'Answers 5xx',
            description: 'Share of the answers that are errors of servers or of the proxy, at the worst backend.',
            unit: 'percentunit',
            decimals: 2,
            queries: [{ expr: orZero(`max(${answers('code="5xx"')} / (${answers('')} > 0))`) }],
            ...context.limitedBy('ProxyErrorsHigh'),
          },
          {
            kind: 'stat',
            title: 'Waiting requests',
            description: 'Requests that wait for a server, at the backend where most do.',
            unit: 'none',
            queries: [{ expr: max(of('haproxy_backend_current_queue')) }],
            ...context.limitedBy('ProxyQueue'),
          },
          {
            kind: 'stat',
            title: 'Response time',
            description: 'The average over the latest 1,024 requests, of the slowest backend.',
            unit: 's',
            queries: [{ expr: max(of('haproxy_backend_response_time_average_seconds')) }],
            ...context.limitedBy('ResponsesSlow'),
          },
          {
            kind: 'stat',
            title: 'Connections',
            description: 'Connections against the most that the proxy takes.',
            unit: 'percentunit',
            decimals: 1,
            queries: [
              {
                expr: max(
                  `${chosen('haproxy_process_current_connections')} / ${chosen('haproxy_process_max_connections')}`,
                ),
              },
            ],
            ...context.limitedBy('ProxyConnectionsNearLimit'),
          },
          {
            kind: 'stat',
            title: 'Slots for collectors',
            description: `Collectors behind the proxy, against the ${collectors.slots} slots that it has for them.`,
            unit: 'percentunit',
            decimals: 0,
            queries: [
              { expr: `${max(chosen('haproxy_backend_active_servers', 'proxy="collectors"'))} / ${collectors.slots}` },
            ],
            ...context.limitedBy('ProxySlotsUsedUp'),
          },
        ],
      },
      {
        title: 'Who takes requests',
        perLine: 2,
        panels: [
          timeline({
            title: 'Servers',
            description: 'State of each server. Slots without a collector are in maintenance and left out.',
            of: (state) => of('haproxy_server_status', `state="${state}"`),
            states: SERVER_STATES,
            labels: ['proxy', 'server'],
            alerts: ['ProxyServerDown', 'ProxyBackendDown'],
          }),
          {
            kind: 'series',
            title: 'Who has caught up',
            description:
              'Collectors that say of a backend that nothing waits for it. It takes reads while more than half of the collectors say so.',
            unit: 'none',
            min: 0,
            queries: [
              { expr: max(chosen('haproxy_backend_active_servers', 'proxy=~"lane_.+"'), 'proxy'), legend: '{{proxy}}' },
              {
                expr: `${max(chosen('haproxy_backend_active_servers', 'proxy="collectors"'))} / 2`,
                legend: 'half of the collectors',
              },
            ],
            alerts: ['DeliveryBehind', 'LaneHeld'],
          },
          {
            kind: 'series',
            title: 'Failed checks',
            rare: true,
            description: 'Health checks in a second that failed while the server was up.',
            unit: 'ops',
            queries: [
              {
                expr: sum(rate(of('haproxy_server_check_failures_total')), 'proxy', 'server'),
                legend: '{{proxy}} {{server}}',
              },
            ],
            alerts: ['ProxyServerDown'],
          },
          {
            kind: 'series',
            title: 'Servers by backend',
            description: 'Servers that are up and take requests.',
            unit: 'none',
            min: 0,
            queries: [{ expr: max(of('haproxy_backend_active_servers'), 'proxy'), legend: '{{proxy}}' }],
            alerts: ['ProxyBackendDown'],
          },
        ],
      },
      {
        title: 'Rates',
        perLine: 2,
        panels: [
          byCode(
            'Answers to clients',
            'haproxy_frontend_http_responses_total',
            'What clients got, by front and code; the proxy answers some itself.',
          ),
          byCode(
            'Answers of servers',
            'haproxy_backend_http_responses_total',
            'What came from behind, by backend and code.',
          ),
          {
            kind: 'series',
            title: 'Requests',
            description: 'Requests in a second at each front.',
            unit: 'reqps',
            queries: [{ expr: sum(rate(of('haproxy_frontend_http_requests_total')), 'proxy'), legend: '{{proxy}}' }],
          },
          {
            kind: 'series',
            title: 'Requests by server',
            description: 'Requests in a second that each server was chosen for: round-robin shows as equal lines.',
            unit: 'reqps',
            queries: [
              {
                expr: sum(rate(of('haproxy_server_loadbalanced_total')), 'proxy', 'server'),
                legend: '{{proxy}} {{server}}',
              },
            ],
          },
        ],
      },
      {
        title: 'Errors',
        perLine: 2,
        panels: [
          {
            kind: 'series',
            title: 'Retries and redispatches',
            rare: true,
            description: 'Requests in a second that were sent again to the same server, or to another one.',
            unit: 'reqps',
            queries: [
              { expr: sum(rate(of('haproxy_backend_retry_warnings_total')), 'proxy'), legend: '{{proxy}} again' },
              {
                expr: sum(rate(of('haproxy_backend_redispatch_warnings_total')), 'proxy'),
                legend: '{{proxy}} elsewhere',
              },
            ],
          },
          {
            kind: 'series',
            title: 'Errors towards servers',
            rare: true,
            description:
              'Connections that failed, answers that were broken off, and servers that closed in the middle.',
            unit: 'ops',
            queries: [
              {
                expr: sum(rate(of('haproxy_backend_connection_errors_total')), 'proxy'),
                legend: '{{proxy}} connection',
              },
              { expr: sum(rate(of('haproxy_backend_response_errors_total')), 'proxy'), legend: '{{proxy}} response' },
              { expr: sum(rate(of('haproxy_backend_server_aborts_total')), 'proxy'), legend: '{{proxy}} server left' },
            ],
            alerts: ['ProxyErrorsHigh'],
          },
          {
            kind: 'series',
            title: 'Refused and broken requests',
            rare: true,
            description: `Requests that were refused or could not be read, and connections beyond ${stack.proxy.rateLimit.connections} from one address.`,
            unit: 'ops',
            queries: [
              { expr: sum(rate(of('haproxy_frontend_requests_denied_total')), 'proxy'), legend: '{{proxy}} refused' },
              { expr: sum(rate(of('haproxy_frontend_request_errors_total')), 'proxy'), legend: '{{proxy}} broken' },
              {
                expr: sum(rate(of('haproxy_frontend_denied_connections_total')), 'proxy'),
                legend: '{{proxy}} connections',
              },
            ],
          },
          {
            kind: 'series',
            title: 'Clients that left',
            rare: true,
            description: 'Requests in a second whose clients went away before the answer was theirs.',
            unit: 'ops',
            queries: [{ expr: sum(rate(of('haproxy_backend_client_aborts_total')), 'proxy'), legend: '{{proxy}}' }],
          },
        ],
      },
      {
        title: 'Room that is left',
        perLine: 3,
        panels: [
          {
            kind: 'series',
            title: 'Sessions at fronts',
            description: 'Open sessions against the limit of each front.',
            unit: 'percentunit',
            min: 0,
            queries: [
              {
                expr: max(
                  `${of('haproxy_frontend_current_sessions')} / (${of('haproxy_frontend_limit_sessions')} > 0)`,
                  'proxy',
                ),
                legend: '{{proxy}}',
              },
            ],
            ...context.limitedBy('ProxyFrontendNearLimit'),
          },
          {
            kind: 'series',
            title: 'Sessions at servers',
            description: 'Requests that each server works on; beyond its limit they wait.',
            unit: 'none',
            queries: [
              { expr: max(of('haproxy_server_current_sessions'), 'proxy', 'server'), legend: '{{proxy}} {{server}}' },
            ],
            alerts: ['ProxyQueue'],
          },
          {
            kind: 'series',
            title: 'Waiting requests',
            description: 'Requests that wait for any server of a backend, or for the one that they stick to.',
            unit: 'none',
            queries: [
              { expr: max(of('haproxy_backend_current_queue'), 'proxy'), legend: '{{proxy}}' },
              { expr: max(of('haproxy_server_current_queue'), 'proxy', 'server'), legend: '{{proxy}} {{server}}' },
            ],
            ...context.limitedBy('ProxyQueue'),
          },
          {
            kind: 'series',
            title: 'Connections',
            description: 'Connections of the whole process, and the most that it takes.',
            unit: 'none',
            min: 0,
            queries: [
              { expr: chosen('haproxy_process_current_connections'), legend: '{{instance}}' },
              { expr: chosen('haproxy_process_max_connections'), legend: '{{instance}} at most' },
            ],
            alerts: ['ProxyConnectionsNearLimit'],
          },
          {
            kind: 'series',
            title: 'Idle time',
            description: 'Share of the time in which the process has nothing to do; near zero it needs another core.',
            unit: 'percent',
            min: 0,
            max: 100,
            queries: [{ expr: chosen('haproxy_process_idle_time_percent'), legend: '{{instance}}' }],
          },
          {
            kind: 'series',
            title: 'Bytes',
            description: 'Bytes in a second at each front.',
            unit: 'Bps',
            queries: [
              { expr: sum(rate(of('haproxy_frontend_bytes_in_total')), 'proxy'), legend: '{{proxy}} in' },
              { expr: sum(rate(of('haproxy_frontend_bytes_out_total')), 'proxy'), legend: '{{proxy}} out' },
            ],
          },
        ],
      },
      {
        title: 'How long it takes, on average over the latest 1,024 requests',
        perLine: 2,
        panels: [
          {
            kind: 'series',
            title: 'Response time',
            description:
              'From the request at the server to the head of its answer. HAProxy has averages alone; quantiles are in its log.',
            unit: 's',
            queries: [
              {
                expr: max(of('haproxy_server_response_time_average_seconds'), 'proxy', 'server'),
                legend: '{{proxy}} {{server}}',
              },
            ],
            ...context.limitedBy('ResponsesSlow'),
          },
          {
            kind: 'series',
            title: 'Time in the queue and for connecting',
            description: 'How long requests waited for a server, and for its connection.',
            unit: 's',
            queries: [
              { expr: max(of('haproxy_backend_queue_time_average_seconds'), 'proxy'), legend: '{{proxy}} queue' },
              { expr: max(of('haproxy_backend_connect_time_average_seconds'), 'proxy'), legend: '{{proxy}} connect' },
            ],
            alerts: ['ProxyQueue'],
          },
        ],
      },
    ],
  };
}

const byCode = (title: string, metric: string, description: string): Panel => ({
  kind: 'series',
  title,
  description,
  unit: 'reqps',
  stacked: true,
  rare: true,
  queries: [{ expr: sum(rate(of(metric)), 'proxy', 'code'), legend: '{{proxy}} {{code}}' }],
  alerts: ['ProxyErrorsHigh'],
});
