import { expect, it } from 'vitest';
import { BrokenCluster, NAME } from './broken-cluster.suite.js';

it.each<[string, (c: BrokenCluster) => void, string[]]>([
  [
    "the seed's policy, alone",
    (c) => {
      for (const policy of ['allow-dns', NAME, 'influxdb', 'redis', 'load-balancer']) c.remove('NetworkPolicy', policy);
    },
    [
      'network-deny-all @ spec:: NetworkPolicy default-deny: has no rules for Ingress and Egress, and no other policy of namespace telemetry-system has: nothing passes, not DNS, not scrapes, not what the pods ask each other; add policies that let through what is needed',
    ],
  ],
  [
    'no DNS',
    (c) => {
      c.remove('NetworkPolicy', 'allow-dns');
    },
    [
      'network-dns @ spec:: NetworkPolicy network-telemetry: keeps Deployment network-telemetry from asking DNS by UDP and TCP: it finds nobody; add egress to namespace kube-system, port 53, UDP and TCP',
      'network-dns @ spec:: NetworkPolicy load-balancer: keeps Deployment load-balancer from asking DNS by UDP and TCP: it finds nobody; add egress to namespace kube-system, port 53, UDP and TCP',
    ],
  ],
  [
    'DNS by UDP alone',
    (c) => {
      c.get('NetworkPolicy', 'allow-dns').spec.egress[0].ports.pop();
    },
    [
      'network-dns @ spec:: NetworkPolicy network-telemetry: keeps Deployment network-telemetry from asking DNS by TCP: it finds nobody; add egress to namespace kube-system, port 53, UDP and TCP',
      'network-dns @ spec:: NetworkPolicy load-balancer: keeps Deployment load-balancer from asking DNS by TCP: it finds nobody; add egress to namespace kube-system, port 53, UDP and TCP',
    ],
  ],
  [
    'DNS of another namespace',
    (c) => {
      c.get('NetworkPolicy', 'allow-dns').spec.egress[0].to[0].namespaceSelector.matchLabels = {
        'kubernetes.io/metadata.name': 'dns',
      };
    },
    [
      'network-dns @ spec:: NetworkPolicy network-telemetry: keeps Deployment network-telemetry from asking DNS by UDP and TCP: it finds nobody; add egress to namespace kube-system, port 53, UDP and TCP',
      'network-dns @ spec:: NetworkPolicy load-balancer: keeps Deployment load-balancer from asking DNS by UDP and TCP: it finds nobody; add egress to namespace kube-system, port 53, UDP and TCP',
    ],
  ],
  [
    'no Prometheus',
    (c) => {
      c.get('NetworkPolicy', 'influxdb').spec.ingress[0].from.pop();
    },
    [
      'network-scrape @ spec:: NetworkPolicy influxdb: keeps Prometheus from scraping StatefulSet influxdb on port 8086; add ingress from namespace monitoring, port 8086',
    ],
  ],
  [
    'Prometheus in another namespace',
    (c) => {
      c.get('NetworkPolicy', 'redis').spec.ingress[1].from[0].namespaceSelector.matchLabels = {
        'kubernetes.io/metadata.name': 'prometheus',
      };
    },
    [
      'network-scrape @ spec:: NetworkPolicy redis: keeps Prometheus from scraping Deployment redis on port 9121; add ingress from namespace monitoring, port 9121',
    ],
  ],
  [
    'Prometheus on another port',
    (c) => {
      c.get('NetworkPolicy', 'load-balancer').spec.ingress[1].ports[0].port = 8405;
    },
    [
      'network-scrape @ spec:: NetworkPolicy load-balancer: keeps Prometheus from scraping Deployment load-balancer on port 8404; add ingress from namespace monitoring, port 8404',
    ],
  ],
  [
    'Redis that lets nobody in',
    (c) => {
      c.get('NetworkPolicy', 'redis').spec.ingress.shift();
    },
    [
      'network-flow @ spec:: NetworkPolicy redis: keeps Deployment network-telemetry from asking Deployment redis on port 6379, which REDIS_URL of container telemetry names; add ingress from podSelector app.kubernetes.io/name=network-telemetry, port 6379',
    ],
  ],
  [
    'Redis asked on another port',
    (c) => {
      c.get('NetworkPolicy', NAME).spec.egress[1].ports[0].port = 6380;
    },
    [
      'network-flow @ spec:: NetworkPolicy network-telemetry: keeps Deployment network-telemetry from asking Deployment redis on port 6379, which REDIS_URL of container telemetry names; add egress to podSelector app.kubernetes.io/name=redis, port 6379',
    ],
  ],
  [
    'no way to the peers',
    (c) => {
      c.get('NetworkPolicy', NAME).spec.egress.splice(2, 1);
    },
    [
      'network-flow @ spec:: NetworkPolicy network-telemetry: keeps Deployment network-telemetry from asking Deployment load-balancer on port 8080, which HANDOVER_URL of container telemetry names; add egress to podSelector app.kubernetes.io/name=load-balancer, port 8080',
    ],
  ],
  [
    'no way in from the proxy',
    (c) => {
      c.get('NetworkPolicy', NAME).spec.ingress[0].from.shift();
    },
    [
      'network-flow @ spec:: NetworkPolicy network-telemetry: keeps Deployment load-balancer from asking Deployment network-telemetry on port 8080, which backend collectors in ConfigMap haproxy-config names; add ingress from podSelector app.kubernetes.io/name=load-balancer, port 8080',
    ],
  ],
  [
    'InfluxDB by labels that it does not have',
    (c) => {
      c.get('NetworkPolicy', NAME).spec.egress[0].to[0].podSelector.matchLabels = { app: 'influxdb' };
    },
    [
      'network-selector @ - podSelector:: NetworkPolicy network-telemetry: spec.egress.0.to.0.podSelector selects app=influxdb, which no pod of namespace telemetry-system has; the pods have app.kubernetes.io/name=redis or app.kubernetes.io/name=influxdb or app.kubernetes.io/name=network-telemetry or app.kubernetes.io/name=load-balancer',
      'network-flow @ spec:: NetworkPolicy network-telemetry: keeps Deployment network-telemetry from asking StatefulSet influxdb on port 8086, which INFLUX_URLS of container telemetry names; add egress to podSelector app.kubernetes.io/name=influxdb, port 8086',
    ],
  ],
  [
    'InfluxDB by UDP',
    (c) => {
      c.get('NetworkPolicy', NAME).spec.egress[0].ports[0].protocol = 'UDP';
    },
    [
      'network-flow @ spec:: NetworkPolicy network-telemetry: keeps Deployment network-telemetry from asking StatefulSet influxdb on port 8086, which INFLUX_URLS of container telemetry names; add egress to podSelector app.kubernetes.io/name=influxdb, port 8086',
    ],
  ],
  [
    'labels of InfluxDB that policies do not know',
    (c) => {
      c.get('StatefulSet', 'influxdb').spec.template.metadata.labels = { app: 'influxdb' };
    },
    [
      'pdb-selector @ selector:: PodDisruptionBudget influxdb: selects app.kubernetes.io/name=influxdb, which no pod has; write labels of the pods',
      'workload-selector @ selector:: StatefulSet influxdb: its selector does not match its pods, which have app=influxdb; write labels of template.metadata there',
      'service-selector @ selector:: Service influxdb: selects app.kubernetes.io/name=influxdb, which no pod of namespace telemetry-system has; the pods have app.kubernetes.io/name=redis or app=influxdb or app.kubernetes.io/name=network-telemetry or app.kubernetes.io/name=load-balancer',
      'statefulset-service @ serviceName: influxdb: StatefulSet influxdb: serviceName influxdb selects app.kubernetes.io/name=influxdb, and the pods have app=influxdb; write a service that selects them',
      'network-selector @ - podSelector:: NetworkPolicy network-telemetry: spec.egress.0.to.0.podSelector selects app.kubernetes.io/name=influxdb, which no pod of namespace telemetry-system has; the pods have app.kubernetes.io/name=redis or app=influxdb or app.kubernetes.io/name=network-telemetry or app.kubernetes.io/name=load-balancer',
      'network-selector @ podSelector:: NetworkPolicy influxdb: spec.podSelector selects app.kubernetes.io/name=influxdb, which no pod of namespace telemetry-system has; the pods have app.kubernetes.io/name=redis or app=influxdb or app.kubernetes.io/name=network-telemetry or app.kubernetes.io/name=load-balancer',
      'network-selector @ - podSelector:: NetworkPolicy load-balancer: spec.egress.1.to.0.podSelector selects app.kubernetes.io/name=influxdb, which no pod of namespace telemetry-system has; the pods have app.kubernetes.io/name=redis or app=influxdb or app.kubernetes.io/name=network-telemetry or app.kubernetes.io/name=load-balancer',
      'network-scrape @ spec:: NetworkPolicy default-deny: keeps Prometheus from scraping StatefulSet influxdb on port 8086; add ingress from namespace monitoring, port 8086',
    ],
  ],
])('%s', (_, breakIt, findings) => {
  const cluster = new BrokenCluster();
  breakIt(cluster);
  expect(cluster.findings()).toEqual(findings);
});
