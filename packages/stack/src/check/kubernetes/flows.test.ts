import { expect, it } from 'vitest';
import { BrokenCluster, variable } from './broken-cluster.suite.js';

it.each<[string, (c: BrokenCluster) => void, string[]]>([
  [
    'a service that is not there',
    (c) => {
      variable(c, 'REDIS_URL').value = 'redis://cache.telemetry-system.svc.cluster.local:6379';
    },
    [
      'service-address @ value: redis://cache.telemetry-system.svc.cluster.local:6379: Deployment network-telemetry: REDIS_URL of container telemetry names cache.telemetry-system.svc.cluster.local, and namespace telemetry-system has no such service; there are redis, influxdb, network-telemetry, network-telemetry-pods, load-balancer',
    ],
  ],
  [
    'a port that the service does not have',
    (c) => {
      variable(c, 'REDIS_URL').value = 'redis://redis:6380';
    },
    [
      'service-address @ value: redis://redis:6380: Deployment network-telemetry: REDIS_URL of container telemetry names port 6380 of Service redis, which it does not have; it has 6379',
    ],
  ],
  [
    'a server of haproxy.cfg that is not there',
    (c) => {
      const map = c.get('ConfigMap', 'haproxy-config');
      map.data['haproxy.cfg'] = map.data['haproxy.cfg'].replace(
        'server influxdb-1 influxdb-0.influxdb.',
        'server influxdb-1 influxdb-0.influx.',
      );
    },
    [
      'service-address @ server influxdb-1 influxdb-0.influx.telemetry-system.svc.cluster.local:8086 check maxconn 256 slowstart 30s: Deployment load-balancer: backend influxdb in ConfigMap haproxy-config names influxdb-0.influx.telemetry-system.svc.cluster.local, and namespace telemetry-system has no such service; there are redis, influxdb, network-telemetry, network-telemetry-pods, load-balancer',
    ],
  ],
  [
    'a port to scrape that no container has',
    (c) => {
      c.get('Deployment', 'redis').spec.template.metadata.annotations['prometheus.io/port'] = '9122';
    },
    [
      'scrape-port @ prometheus.io/port: "9122": Deployment redis: is to be scraped on port 9122, which no container has; there are redis (6379), metrics (9121)',
    ],
  ],
])('%s', (_, breakIt, findings) => {
  const cluster = new BrokenCluster();
  breakIt(cluster);
  expect(cluster.findings()).toEqual(findings);
});
