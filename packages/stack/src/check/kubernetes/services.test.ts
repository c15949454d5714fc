import { expect, it } from 'vitest';
import { BrokenCluster, container, NAME } from './broken-cluster.suite.js';

it.each<[string, (c: BrokenCluster) => void, string[]]>([
  [
    'a workload that does not select its pods',
    (c) => {
      c.get('Deployment', NAME).spec.selector.matchLabels = { app: 'telemetry' };
    },
    [
      'workload-selector @ selector:: Deployment network-telemetry: its selector does not match its pods, which have app.kubernetes.io/name=network-telemetry; write labels of template.metadata there',
    ],
  ],
  [
    'a service that selects nothing',
    (c) => {
      c.get('Service', 'redis').spec.selector = { app: 'redis' };
    },
    [
      'service-selector @ selector:: Service redis: selects app=redis, which no pod of namespace telemetry-system has; the pods have app.kubernetes.io/name=redis or app.kubernetes.io/name=influxdb or app.kubernetes.io/name=network-telemetry or app.kubernetes.io/name=load-balancer',
    ],
  ],
  [
    'a service of a port that no container has',
    (c) => {
      c.get('Service', 'redis').spec.ports[0].targetPort = 'resp';
    },
    [
      'service-port @ - name: redis: Service redis: port 6379 leads to resp, which no container of Deployment redis has; there are redis (6379), metrics (9121)',
    ],
  ],
  [
    'a StatefulSet of a service that is not there',
    (c) => {
      c.get('StatefulSet', 'influxdb').spec.serviceName = 'influx';
    },
    [
      'statefulset-service @ serviceName: influx: StatefulSet influxdb: serviceName influx is no service among the files: its pods get no names in DNS; write the name of a service with clusterIP: None',
    ],
  ],
  [
    'a StatefulSet of a service with an address',
    (c) => {
      delete c.get('Service', 'influxdb').spec.clusterIP;
    },
    [
      'statefulset-service @ serviceName: influxdb: StatefulSet influxdb: serviceName influxdb has an address of its own: its pods get no names in DNS; write clusterIP: None in Service influxdb',
    ],
  ],
  [
    'a StatefulSet of a service of others',
    (c) => {
      c.get('StatefulSet', 'influxdb').spec.serviceName = 'network-telemetry-pods';
    },
    [
      'statefulset-service @ serviceName: network-telemetry-pods: StatefulSet influxdb: serviceName network-telemetry-pods selects app.kubernetes.io/name=network-telemetry, and the pods have app.kubernetes.io/name=influxdb; write a service that selects them',
    ],
  ],
  [
    'a probe of a port that is not there',
    (c) => {
      container(c).readinessProbe.httpGet.port = 'web';
    },
    [
      'probe-port @ httpGet:: Deployment network-telemetry: readinessProbe of container telemetry asks port web, which it does not have; there are http (8080)',
    ],
  ],
  [
    'a probe of a path that the collector does not have',
    (c) => {
      container(c).readinessProbe.httpGet.path = '/ready';
    },
    [
      'probe-path @ path: /ready: Deployment network-telemetry: asks /ready, which telemetry-collector does not answer: the probe fails; write /health, /health/live, /health/ready, /ping, /metrics',
    ],
  ],
  [
    'a probe of a path that InfluxDB does not have',
    (c) => {
      c.get('StatefulSet', 'influxdb').spec.template.spec.containers[0].livenessProbe.httpGet.path = '/healthz';
    },
    [
      'probe-path @ path: /healthz: StatefulSet influxdb: asks /healthz, which influxdb does not answer: the probe fails; write /health, /ping, /ready, /metrics',
    ],
  ],
  [
    'a probe of a path that haproxy.cfg does not have',
    (c) => {
      container(c, 'load-balancer').livenessProbe.httpGet.path = '/healthz';
    },
    [
      'probe-path @ path: /healthz: Deployment load-balancer: asks /healthz, which its haproxy.cfg does not answer: the probe fails; write a monitor-uri of it',
    ],
  ],
])('%s', (_, breakIt, findings) => {
  const cluster = new BrokenCluster();
  breakIt(cluster);
  expect(cluster.findings()).toEqual(findings);
});
