import { expect, it } from 'vitest';
import { BrokenCluster, container, pod, variable } from './broken-cluster.suite.js';

it.each<[string, (c: BrokenCluster) => void, string[]]>([
  [
    'a grace below preStop and drain',
    (c) => {
      pod(c).terminationGracePeriodSeconds = 25;
    },
    [
      'termination-grace @ terminationGracePeriodSeconds: 25: Deployment network-telemetry: terminationGracePeriodSeconds 25 is less than preStop 5 s and DRAIN_TIMEOUT 25 s of container telemetry: it is killed while it drains; write 35 or more',
    ],
  ],
  [
    'the default grace below a preStop that sleeps in a shell',
    (c) => {
      delete pod(c).terminationGracePeriodSeconds;
      container(c).lifecycle.preStop = { exec: { command: ['sh', '-c', 'sleep 10'] } };
    },
    [
      'termination-grace @ spec:: Deployment network-telemetry: terminationGracePeriodSeconds 30 (the default) is less than preStop 10 s and DRAIN_TIMEOUT 25 s of container telemetry: it is killed while it drains; write 40 or more',
    ],
  ],
  [
    'a DRAIN_TIMEOUT above the grace',
    (c) => {
      variable(c, 'DRAIN_TIMEOUT').value = '60';
    },
    [
      'termination-grace @ terminationGracePeriodSeconds: 35: Deployment network-telemetry: terminationGracePeriodSeconds 35 is less than preStop 5 s and DRAIN_TIMEOUT 60 s of container telemetry: it is killed while it drains; write 70 or more',
    ],
  ],
  [
    'a hard-stop-after above the grace of the proxy',
    (c) => {
      pod(c, 'load-balancer').terminationGracePeriodSeconds = 30;
    },
    [
      'termination-grace @ terminationGracePeriodSeconds: 30: Deployment load-balancer: terminationGracePeriodSeconds 30 is less than preStop 5 s and hard-stop-after 60 s of container haproxy: it is killed while it drains; write 70 or more',
    ],
  ],
  [
    'a volume below the cap of the log',
    (c) => {
      pod(c).volumes[0].emptyDir.sizeLimit = '1Gi';
    },
    [
      'spool-volume @ - name: data: Deployment network-telemetry: the volume data holds 1073741824 bytes, and the log may need 2147483648 bytes: SPOOL_MAX_BYTES 1073741824 for each of 2 backends: the pod is evicted, with what it has, before the log is at its cap; write more than 2147483648, or a smaller SPOOL_MAX_BYTES',
    ],
  ],
  [
    'a cap of the log above its volume',
    (c) => {
      variable(c, 'SPOOL_MAX_BYTES').value = '10000000000';
    },
    [
      'spool-volume @ - name: data: Deployment network-telemetry: the volume data holds 2684354560 bytes, and the log may need 20000000000 bytes: SPOOL_MAX_BYTES 10000000000 for each of 2 backends: the pod is evicted, with what it has, before the log is at its cap; write more than 20000000000, or a smaller SPOOL_MAX_BYTES',
    ],
  ],
  [
    'one more backend than the volume is for',
    (c) => {
      variable(c, 'INFLUX_URLS').value += ',http://influx.example.com:8086';
    },
    [
      'spool-volume @ - name: data: Deployment network-telemetry: the volume data holds 2684354560 bytes, and the log may need 3221225472 bytes: SPOOL_MAX_BYTES 1073741824 for each of 3 backends: the pod is evicted, with what it has, before the log is at its cap; write more than 3221225472, or a smaller SPOOL_MAX_BYTES',
    ],
  ],
  [
    'a volume without a limit',
    (c) => {
      pod(c).volumes[0].emptyDir = {};
    },
    [
      "spool-volume @ - name: data: Deployment network-telemetry: the volume data of the log has no sizeLimit: it may fill the node's disk; write sizeLimit, above 2147483648",
    ],
  ],
  [
    'a log on no volume',
    (c) => {
      container(c).volumeMounts.shift();
    },
    [
      'spool-volume @ - name: telemetry: Deployment network-telemetry: /var/lib/telemetry/spool of container telemetry is on no volume: what waits there goes with the container; mount a volume there',
    ],
  ],
  [
    'a limit of the pod below its volume',
    (c) => {
      Object.assign(container(c).resources, {
        requests: { ...container(c).resources.requests, 'ephemeral-storage': '1Gi' },
        limits: { ...container(c).resources.limits, 'ephemeral-storage': '1Gi' },
      });
    },
    [
      'spool-volume @ ephemeral-storage: 1Gi: Deployment network-telemetry: ephemeral-storage limit 1073741824 of container telemetry is below the sizeLimit 2684354560 of its volume: the pod is evicted before; write more than 2684354560',
    ],
  ],
  [
    'no request for what lies on the node',
    (c) => {
      delete container(c).resources.requests['ephemeral-storage'];
    },
    [
      'spool-volume @ requests:: Deployment network-telemetry: container telemetry requests no ephemeral-storage, and its volume may take 2684354560: it may be put where there is no room; request 2684354560',
    ],
  ],
  [
    'memory in thousandths',
    (c) => {
      container(c).resources.requests.memory = '256m';
    },
    [
      'memory-unit @ memory: 256m: Deployment network-telemetry: memory 256m of container telemetry is thousandths of a byte; write 256Mi',
    ],
  ],
  [
    'a request above its limit',
    (c) => {
      container(c).resources.requests.cpu = '600m';
    },
    [
      'request-limit @ cpu: 600m: Deployment network-telemetry: container telemetry requests 600m of cpu, above its limit 500m; write 500m or less',
    ],
  ],
])('%s', (_, breakIt, findings) => {
  const cluster = new BrokenCluster();
  breakIt(cluster);
  expect(cluster.findings()).toEqual(findings);
});
