import type { Alert } from './alert.js';
import { type AlertContext, COLLECTORS, COMPOSE } from './context.js';
import { level } from './course.js';
import { COLLECTOR, collectorsUp, define, series } from './define.js';

const upAt = (labels: Readonly<Record<string, string>>) => (value: number) => ({
  [series('up', labels)]: level(value),
});

/** What does not answer Prometheus. */
export function instances(context: AlertContext): Alert[] {
  return [collectorDown(context), noCollectorUp(context), ...backends(context), ...others(context)];
}

const collectorDown = (context: AlertContext): Alert =>
  define(context, {
    name: 'CollectorDown',
    category: 'availability',
    severity: 'warning',
    subject: 'collectors',
    expr: `up{${COLLECTORS}} == 0`,
    forS: 60,
    summary: 'Collector {{ $labels.instance }} does not answer',
    description:
      'The others take over its targets within a lease. What it had accepted is in its log, and is delivered when it is back.',
    runbook: {
      meaning:
        'Prometheus has not reached this collector for a minute. One that DNS does not name any more is told of by `CollectorsTooFew`.',
      impact:
        'Its targets miss a few turns, then others poll them. Points in its log wait until a process delivers that folder.',
      look: [
        `${COMPOSE} ps; ${COMPOSE} logs --tail 100 network-telemetry-1`,
        "curl -s http://localhost:8080/fleet | jq '.members[].id'",
        'kubectl get pods -n telemetry-system; kubectl describe pod -n telemetry-system -l app.kubernetes.io/name=network-telemetry',
      ],
      act: [
        'It exits again and again: the last line of its log says why; with status 2 a setting cannot be used.',
        'It was killed: memory (`CollectorMemoryHigh`, `ContainerOomKilled`).',
        'It runs and does not answer: `CollectorEventLoopStalls`, or the network between Prometheus and it.',
      ],
    },
    levels: { series: upAt(COLLECTOR), fires: 0, silent: 1, labels: COLLECTOR },
  });

function noCollectorUp(context: AlertContext): Alert {
  const levels = (count: number) => ({ [collectorsUp(1)[0]!]: level(count) });
  const alert = define(context, {
    name: 'NoCollectorUp',
    category: 'availability',
    severity: 'critical',
    subject: 'collectors',
    expr: `(count(up{${COLLECTORS}} == 1) or vector(0)) == 0`,
    forS: 60,
    summary: 'No collector answers',
    description: 'Nothing is polled, and writes are refused.',
    runbook: {
      meaning: 'Not one collector has answered Prometheus for a minute.',
      impact: 'Nothing is polled: these points will never be. Writers get 503 and must keep what they have.',
      look: [
        `${COMPOSE} ps; ${COMPOSE} logs --tail 100 network-telemetry-1`,
        'curl -si http://localhost:8080/health/ready',
        'kubectl get events -n telemetry-system --sort-by=.lastTimestamp | tail -20',
      ],
      act: [
        'After a change of the stack file or of the targets file: take it back.',
        'All exit with status 2: a setting or a secret in `.env` is missing; the log names it.',
        'They run, and only Prometheus does not see them: its network, or DNS. See `http://localhost:9090/targets`.',
      ],
    },
    levels: { series: levels, fires: 0, silent: 1, labels: {} },
  });
  // Where there is no series at all, it must fire too.
  return {
    ...alert,
    cases: alert.cases.map((one) => (one.verdict === 'missing' ? { ...one, expected: [{ labels: {} }] } : one)),
  };
}

function backends(context: AlertContext): Alert[] {
  const { backends: all } = context.plan;
  const labels = { job: 'influxdb', instance: `influxdb-1:${context.plan.stack.backends.port}` };
  const up = (count: number) =>
    Object.fromEntries(
      all.map(({ name }, index) => [
        series('up', { job: 'influxdb', instance: `${name}:${context.plan.stack.backends.port}` }),
        level(index < count ? 1 : 0),
      ]),
    );
  return [
    define(context, {
      name: 'InfluxdbDown',
      category: 'availability',
      severity: 'warning',
      subject: 'influxdb',
      labels: { server: '{{ $labels.instance }}' },
      expr: 'up{job="influxdb"} == 0',
      forS: 60,
      summary: 'InfluxDB {{ $labels.instance }} does not answer',
      description:
        'Reads go to the others. Its points wait in the logs of the collectors, and it gets them when it is back.',
      runbook: {
        meaning: 'Prometheus has not reached this InfluxDB for a minute.',
        impact: 'None while another serves. Its lanes fill the logs: `SpoolNearlyFull` says when that becomes short.',
        look: [
          `${COMPOSE} ps; ${COMPOSE} logs --tail 100 influxdb-1`,
          'curl -si http://localhost:8086/ping',
          'curl -s http://localhost:8080/health/lanes | jq',
        ],
        act: [
          'Bring it back; it catches up by itself, fresh points first. Reads return to it when most collectors say that it has.',
          'Its disk is lost: start it empty, then copy history from the other; `breakwater reconcile` says what is missing.',
        ],
      },
      levels: { series: upAt(labels), fires: 0, silent: 1, labels: { ...labels, server: labels.instance } },
    }),
    define(context, {
      name: 'NoInfluxdbUp',
      category: 'availability',
      severity: 'critical',
      subject: 'influxdb',
      expr: 'sum(up{job="influxdb"}) == 0',
      forS: 60,
      summary: 'No InfluxDB answers',
      description: 'Nothing can be read. Points wait in the logs of the collectors.',
      runbook: {
        meaning: 'Not one InfluxDB has answered Prometheus for a minute.',
        impact:
          'Dashboards and queries fail. Nothing is lost until the logs are full or points are too old (`SpoolNearlyFull`).',
        look: [`${COMPOSE} ps; ${COMPOSE} logs --tail 100 influxdb-1 influxdb-2`, 'df -h', 'docker stats --no-stream'],
        act: [
          'One of them is enough to serve: bring up the one that is nearest to running.',
          'Both went at once: a full disk, the network, or a change that was made to both.',
        ],
      },
      levels: { series: up, fires: 0, silent: 1, labels: {} },
    }),
  ];
}

function others(context: AlertContext): Alert[] {
  const { stack } = context.plan;
  const jobs = [
    'grafana',
    'redis',
    'node',
    'cadvisor',
    'prometheus',
    'alertmanager',
    ...stack.services.map(({ name }) => name),
  ];
  const grafana = { job: 'grafana', instance: `grafana-1:${stack.grafana.port}` };
  const proxy = { job: 'haproxy', instance: `load-balancer:${stack.proxy.port}` };
  return [
    define(context, {
      name: 'ProxyDown',
      category: 'availability',
      severity: 'critical',
      subject: 'proxy',
      expr: 'up{job="haproxy"} == 0',
      forS: 60,
      summary: 'HAProxy {{ $labels.instance }} does not answer',
      description: 'Reads, writes and Grafana go through it. Polling and delivery do not.',
      runbook: {
        meaning: 'Prometheus has not reached the statistics of HAProxy for a minute.',
        impact: 'Nobody can read, write or open Grafana by way of it. What is polled is delivered all the same.',
        look: [
          'docker logs --tail 100 telemetry-lb',
          'curl -s http://localhost:8404/stats',
          'docker exec telemetry-lb haproxy -c -f /usr/local/etc/haproxy/haproxy.cfg',
        ],
        act: [
          'It exits at its start: the file is broken or the cookie key is missing in `.env`; its log names the line.',
          `Start it: \`${COMPOSE} up -d load-balancer\`. Afterwards reload with \`docker kill -s USR2 telemetry-lb\`, which drops nobody.`,
        ],
      },
      levels: { series: upAt(proxy), fires: 0, silent: 1, labels: proxy },
    }),
    define(context, {
      name: 'ServiceDown',
      category: 'availability',
      severity: 'warning',
      subject: 'service',
      expr: `up{job=~"${jobs.join('|')}"} == 0`,
      forS: 120,
      summary: '{{ $labels.job }} {{ $labels.instance }} does not answer',
      description: 'Alerts on its metrics cannot fire meanwhile.',
      runbook: {
        meaning:
          'Prometheus has not reached this instance for two minutes: a Grafana, an exporter, or part of the monitoring.',
        impact: 'Telemetry itself goes on. With an exporter away, what it measures is not watched.',
        look: [
          `${COMPOSE} ps`,
          'curl -s http://localhost:9090/api/v1/targets | jq \'.data.activeTargets[] | select(.health != "up") | {job: .labels.job, lastError}\'',
        ],
        act: [
          'Restart the service that is named, and read its log when it goes again.',
          'Prometheus says `connection refused` although it runs: it listens elsewhere than the stack file says.',
        ],
      },
      levels: { series: upAt(grafana), fires: 0, silent: 1, labels: grafana },
    }),
  ];
}
