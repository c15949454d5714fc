import { across, alone, type Broken } from './broken.suite.js';

const COLLECTORS = 'k8s/network-telemetry.yaml';
const HPA = 'k8s/autoscaling.yaml';
const BUDGETS = 'k8s/disruption.yaml';
const NETWORK = 'k8s/network.yaml';

/** As `kubectl autoscale deployment network-telemetry --cpu-percent=70 --min=3 --max=20` makes it. */
const AUTOSCALE = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: network-telemetry
  namespace: telemetry-system
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: network-telemetry }
  minReplicas: 3
  maxReplicas: 20
  metrics:
    - type: Resource
      resource: { name: cpu, target: { type: Utilization, averageUtilization: 70 } }
`;

export const kubernetesBreaks: readonly Broken[] = [
  across(
    'kubectl autoscale beside the HPA of the manifests',
    (stack) => stack.add('k8s/zz-autoscale.yaml', AUTOSCALE),
    {
      check: 'one-scaler',
      file: 'k8s/zz-autoscale.yaml',
      at: 'scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: network-telemetry }',
      says: 'HorizontalPodAutoscaler network-telemetry: scales Deployment network-telemetry, and so does HorizontalPodAutoscaler network-telemetry-hpa (k8s/autoscaling.yaml): with two on the same pods neither scales; keep one; kubectl autoscale makes a second',
    },
  ),
  across(
    'an HPA and a VPA on the same resources',
    (stack) =>
      stack.change(
        'k8s/influxdb-vpa.yaml',
        'kind: StatefulSet\n    name: influxdb',
        'kind: Deployment\n    name: network-telemetry',
      ),
    {
      check: 'hpa-vpa',
      file: 'k8s/influxdb-vpa.yaml',
      at: 'targetRef:',
      says: 'VerticalPodAutoscaler influxdb-vpa: changes the cpu and memory requests of Deployment network-telemetry, of which network-telemetry-hpa takes shares: they fight; controlledResources without them, or an AverageValue in the HPA',
    },
  ),
  across(
    'a replica count that the HPA would fight with',
    (stack) =>
      stack.change(
        COLLECTORS,
        'spec:\n  selector:\n    matchLabels',
        'spec:\n  replicas: 3\n  selector:\n    matchLabels',
      ),
    {
      check: 'hpa-replicas',
      file: 'k8s/network-telemetry.yaml',
      at: 'replicas: 3',
      says: 'Deployment network-telemetry: replicas: 3 while network-telemetry-hpa scales it: each apply sets it back to that; leave replicas out',
    },
  ),
  across(
    'a disruption budget of as many pods as the HPA leaves',
    (stack) => stack.change(BUDGETS, 'maxUnavailable: 10%', 'minAvailable: 3'),
    {
      check: 'pdb-minimum',
      file: 'k8s/disruption.yaml',
      at: 'minAvailable: 3',
      says: 'PodDisruptionBudget network-telemetry: minAvailable 3 of at least 3 pods of Deployment network-telemetry: no node could ever be drained; write 2 or less, or maxUnavailable: 1',
    },
  ),
  across(
    'an HPA that takes a share of what no container requests',
    (stack) =>
      stack
        .change(COLLECTORS, '              memory: 256Mi\n', '')
        .change(COLLECTORS, '              memory: 512Mi\n', ''),
    {
      check: 'hpa-requests',
      file: 'k8s/network-telemetry.yaml',
      at: '- name: telemetry',
      says: 'Deployment network-telemetry: container telemetry requests no memory, of which network-telemetry-hpa takes a share: it would not scale at all; write resources.requests.memory',
    },
  ),
  across(
    'an HPA that scales what has another kind',
    (stack) => stack.change(HPA, 'kind: Deployment', 'kind: StatefulSet'),
    {
      check: 'hpa-target',
      file: 'k8s/autoscaling.yaml',
      at: 'scaleTargetRef:',
      says: 'HorizontalPodAutoscaler network-telemetry-hpa: scales StatefulSet network-telemetry, which no file has in namespace telemetry-system; there are Deployment network-telemetry, StatefulSet influxdb, Deployment redis, Deployment load-balancer',
    },
  ),
  across(
    'an HPA that looks back for less than a pod takes to start',
    (stack) => stack.change(HPA, 'stabilizationWindowSeconds: 300', 'stabilizationWindowSeconds: 30'),
    {
      check: 'hpa-window',
      file: 'k8s/autoscaling.yaml',
      at: 'stabilizationWindowSeconds: 30',
      says: 'HorizontalPodAutoscaler network-telemetry-hpa: looks back for 30 s before it scales in, and a pod of Deployment network-telemetry may take 60 s to start: it takes away pods that were just asked for; write 60 or more',
    },
  ),
  across(
    'a disruption budget for labels that no pod has',
    (stack) =>
      stack.change(BUDGETS, 'app.kubernetes.io/name: network-telemetry', 'app: network-telemetry', {
        after: 'matchLabels',
      }),
    {
      check: 'pdb-selector',
      file: 'k8s/disruption.yaml',
      at: 'selector:',
      says: 'PodDisruptionBudget network-telemetry: selects app=network-telemetry, which no pod has; write labels of the pods',
    },
  ),
  across(
    'a policy that lets Prometheus in from another namespace',
    (stack) =>
      stack.change(NETWORK, 'kubernetes.io/metadata.name: monitoring', 'kubernetes.io/metadata.name: observability', {
        after: 'app.kubernetes.io/name: load-balancer\n  policyTypes',
      }),
    {
      check: 'network-scrape',
      file: 'k8s/network.yaml',
      at: 'spec:',
      says: 'NetworkPolicy load-balancer: keeps Prometheus from scraping Deployment load-balancer on port 8404; add ingress from namespace monitoring, port 8404',
    },
  ),
  across(
    'an exporter of Redis that moves to a port which no policy lets Prometheus reach',
    (stack) =>
      stack
        .changeAll('k8s/redis.yaml', 'containerPort: 9121', 'containerPort: 9122')
        .change('k8s/redis.yaml', 'prometheus.io/port: "9121"', 'prometheus.io/port: "9122"'),
    {
      check: 'network-scrape',
      file: 'k8s/network.yaml',
      at: 'spec:',
      says: 'NetworkPolicy redis: keeps Prometheus from scraping Deployment redis on port 9122; add ingress from namespace monitoring, port 9122',
    },
  ),
  across(
    'a policy that keeps the collectors from Redis',
    (stack) =>
      stack.change(
        NETWORK,
        '- podSelector:\n            matchLabels:\n              app.kubernetes.io/name: redis\n      ports:\n        - port: 6379',
        '- podSelector:\n            matchLabels:\n              app.kubernetes.io/name: redis\n      ports:\n        - port: 6380',
      ),
    {
      check: 'network-flow',
      file: 'k8s/network.yaml',
      at: 'spec:',
      says: 'NetworkPolicy network-telemetry: keeps Deployment network-telemetry from asking Deployment redis on port 6379, which REDIS_URL of container telemetry names; add egress to podSelector app.kubernetes.io/name=redis, port 6379',
    },
  ),
  across(
    'policies that keep everybody from DNS over TCP',
    (stack) => stack.change(NETWORK, '        - port: 53\n          protocol: TCP\n', ''),
    {
      check: 'network-dns',
      file: 'k8s/network.yaml',
      at: 'spec:',
      says: 'NetworkPolicy … keeps Deployment … from asking DNS by TCP: it finds nobody; add egress to namespace kube-system, port 53, UDP and TCP',
      times: 2,
    },
  ),
  across(
    'a policy for pods that there are not',
    (stack) =>
      stack.change(
        NETWORK,
        'app.kubernetes.io/name: influxdb\n  policyTypes',
        'app.kubernetes.io/name: influx\n  policyTypes',
      ),
    {
      check: 'network-flow',
      file: 'k8s/network.yaml',
      at: 'spec:',
      says: 'NetworkPolicy default-deny: keeps Deployment … from asking StatefulSet influxdb on port 8086, which … names; add ingress from podSelector app.kubernetes.io/name=…, port 8086',
      times: 2,
    },
    {
      check: 'network-scrape',
      file: 'k8s/network.yaml',
      at: 'spec:',
      says: 'NetworkPolicy default-deny: keeps Prometheus from scraping StatefulSet influxdb on port 8086; add ingress from namespace monitoring, port 8086',
    },
    {
      check: 'network-selector',
      file: 'k8s/network.yaml',
      at: 'podSelector:',
      says: 'NetworkPolicy influxdb: spec.podSelector selects app.kubernetes.io/name=influx, which no pod of namespace telemetry-system has; the pods have app.kubernetes.io/name=network-telemetry or app.kubernetes.io/name=influxdb or app.kubernetes.io/name=redis or app.kubernetes.io/name=load-balancer',
    },
  ),
  across(
    'a service of another name than the collectors ask',
    (stack) => stack.change('k8s/services.yaml', '  name: redis\n', '  name: redis-master\n'),
    {
      check: 'service-address',
      file: 'k8s/network-telemetry.yaml',
      at: 'value: redis://redis.telemetry-system.svc.cluster.local:6379',
      says: 'Deployment network-telemetry: REDIS_URL of container telemetry names redis.telemetry-system.svc.cluster.local, and namespace telemetry-system has no such service; there are influxdb, redis-master, network-telemetry, network-telemetry-pods, load-balancer',
    },
  ),
  across(
    'a service that selects labels which no pod has',
    (stack) =>
      stack.change('k8s/services.yaml', '    app.kubernetes.io/name: redis\n  ports', '    app: redis\n  ports'),
    {
      check: 'service-selector',
      file: 'k8s/services.yaml',
      at: 'selector:',
      says: 'Service redis: selects app=redis, which no pod of namespace telemetry-system has; the pods have app.kubernetes.io/name=network-telemetry or app.kubernetes.io/name=influxdb or app.kubernetes.io/name=redis or app.kubernetes.io/name=load-balancer',
    },
  ),
  across(
    'fewer databases than the collectors deliver to',
    (stack) => stack.change('k8s/influxdb.yaml', 'replicas: 2', 'replicas: 1'),
    {
      check: 'statefulset-pod',
      file: 'k8s/load-balancer.yaml',
      at: 'server influxdb-2 influxdb-1.influxdb.telemetry-system.svc.cluster.local:8086 …',
      says: 'Deployment load-balancer: backend … in ConfigMap haproxy-config names influxdb-1, and StatefulSet influxdb makes 1 pod: influxdb-0; leave influxdb-1 out, or write replicas: 2 in StatefulSet influxdb (k8s/influxdb.yaml)',
      times: 2,
    },
    {
      check: 'statefulset-pod',
      file: 'k8s/network-telemetry.yaml',
      at: 'value: http://influxdb-0.influxdb.telemetry-system.svc.cluster.local:8086,http:/…',
      says: 'Deployment network-telemetry: INFLUX_URLS of container telemetry names influxdb-1, and StatefulSet influxdb makes 1 pod: influxdb-0; leave influxdb-1 out, or write replicas: 2 in StatefulSet influxdb (k8s/influxdb.yaml)',
    },
  ),
  across(
    'pods that sign in as a user whom Redis does not know',
    (stack) =>
      stack.change(
        COLLECTORS,
        'value: telemetry\n            - name: REDIS_PASSWORD',
        'value: collector\n            - name: REDIS_PASSWORD',
      ),
    {
      check: 'redis-user',
      file: 'k8s/network-telemetry.yaml',
      at: 'value: collector',
      says: 'Deployment network-telemetry: container telemetry signs in to Service redis as collector, whom its ACL does not know: every command is refused; users there are default, telemetry, exporter',
    },
  ),
  across(
    'a secret that .env.example does not have',
    (stack) => stack.change(COLLECTORS, 'key: REDIS_PASSWORD', 'key: REDIS_PASS'),
    {
      check: 'reference-exists',
      file: 'k8s/network-telemetry.yaml',
      at: 'valueFrom:',
      says: 'Deployment network-telemetry: Secret telemetry-secrets has no key REDIS_PASS; did you mean REDIS_PASSWORD?',
    },
  ),
  across(
    'a drain in a ConfigMap that is longer than the pod has',
    (stack) =>
      stack
        .change(COLLECTORS, '            - name: DRAIN_TIMEOUT\n              value: "25"\n', '')
        .change(
          COLLECTORS,
          '          resources:\n',
          '          envFrom:\n            - configMapRef:\n                name: collector-settings\n                optional: true\n          resources:\n',
        )
        .add(
          'k8s/zz-settings.yaml',
          'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: collector-settings\n  namespace: telemetry-system\ndata:\n  DRAIN_TIMEOUT: "60"\n',
        ),
    {
      check: 'termination-grace',
      file: 'k8s/network-telemetry.yaml',
      at: 'terminationGracePeriodSeconds: 35',
      says: 'Deployment network-telemetry: terminationGracePeriodSeconds 35 is less than preStop 5 s and DRAIN_TIMEOUT 60 s of container telemetry: it is killed while it drains; write 70 or more',
    },
  ),
  across(
    'a cap of the log in a ConfigMap that is above its volume',
    (stack) =>
      stack
        .change(COLLECTORS, '            - name: SPOOL_MAX_BYTES\n              value: "1073741824"\n', '')
        .change(
          COLLECTORS,
          '          resources:\n',
          '          envFrom:\n            - configMapRef:\n                name: collector-settings\n                optional: true\n          resources:\n',
        )
        .add(
          'k8s/zz-settings.yaml',
          'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: collector-settings\n  namespace: telemetry-system\ndata:\n  SPOOL_MAX_BYTES: "4294967296"\n',
        ),
    {
      check: 'spool-volume',
      file: 'k8s/network-telemetry.yaml',
      at: '- name: data',
      says: 'Deployment network-telemetry: the volume data holds 2684354560 bytes, and the log may need 8589934592 bytes: SPOOL_MAX_BYTES 4294967296 for each of 2 backends: the pod is evicted, with what it has, before the log is at its cap; write more than 8589934592, or a smaller SPOOL_MAX_BYTES',
    },
  ),
  alone('a cap of the log above its volume', (stack) => stack.change(COLLECTORS, '"1073741824"', '"4294967296"'), {
    check: 'spool-volume',
    file: 'k8s/network-telemetry.yaml',
    at: '- name: data',
    says: 'Deployment network-telemetry: the volume data holds 2684354560 bytes, and the log may need 8589934592 bytes: SPOOL_MAX_BYTES 4294967296 for each of 2 backends: the pod is evicted, with what it has, before the log is at its cap; write more than 8589934592, or a smaller SPOOL_MAX_BYTES',
  }),
  alone(
    'less time to end than preStop and the drain take',
    (stack) => stack.change(COLLECTORS, 'terminationGracePeriodSeconds: 35', 'terminationGracePeriodSeconds: 25'),
    {
      check: 'termination-grace',
      file: 'k8s/network-telemetry.yaml',
      at: 'terminationGracePeriodSeconds: 25',
      says: 'Deployment network-telemetry: terminationGracePeriodSeconds 25 is less than preStop 5 s and DRAIN_TIMEOUT 25 s of container telemetry: it is killed while it drains; write 35 or more',
    },
  ),
  alone(
    'a pod with less memory than Redis may fill',
    (stack) => stack.change('k8s/redis.yaml', 'memory: 384Mi', 'memory: 192Mi'),
    {
      check: 'redis-memory',
      file: 'k8s/redis.yaml',
      at: 'memory: 192Mi',
      says: 'Deployment redis: memory limit 201326592 of container redis is not above maxmemory 268435456: it is killed before it is full; write more than 320Mi, or a smaller maxmemory',
    },
  ),
  alone(
    'a targets file that the ConfigMap does not have',
    (stack) => stack.change(COLLECTORS, '/etc/telemetry/targets.yaml', '/etc/telemetry/devices.yaml'),
    {
      check: 'mounted-file',
      file: 'k8s/network-telemetry.yaml',
      at: 'value: /etc/telemetry/devices.yaml',
      says: 'Deployment network-telemetry: TARGETS_FILE of container telemetry names /etc/telemetry/devices.yaml, and ConfigMap telemetry-targets, which is mounted there, has no devices.yaml; it has targets.yaml',
    },
  ),
  alone('30s for a quantity', (stack) => stack.change(HPA, 'averageValue: "35"', 'averageValue: 30s'), {
    check: 'kubernetes-fields',
    file: 'k8s/autoscaling.yaml',
    at: 'averageValue: 30s',
    says: 'HorizontalPodAutoscaler network-telemetry-hpa: spec.metrics[2].pods.target.averageValue: "30s" is no Quantity; write "30": it has no units of time',
  }),
  alone(
    'at most 2 pods, of which the larger policy counts',
    (stack) => stack.change(HPA, '      selectPolicy: Min\n', ''),
    {
      check: 'hpa-select-policy',
      file: 'k8s/autoscaling.yaml',
      at: 'scaleUp:',
      says: 'HorizontalPodAutoscaler network-telemetry-hpa: grows by 50 % or 2 pods, and without selectPolicy the larger counts; write selectPolicy: Min where both shall bound it, Max where not',
    },
  ),
  alone(
    'a NetworkPolicy without rules, and no other',
    (stack) => {
      const policies = stack.text(NETWORK);
      return stack.change(NETWORK, policies.slice(policies.indexOf('---\n')), '');
    },
    {
      check: 'network-deny-all',
      file: 'k8s/network.yaml',
      at: 'spec:',
      says: 'NetworkPolicy default-deny: has no rules for Ingress and Egress, and no other policy of namespace telemetry-system has: nothing passes, not DNS, not scrapes, not what the pods ask each other; add policies that let through what is needed',
    },
  ),
];
