import { expect, it } from 'vitest';
import { BrokenCluster, container, pod } from './broken-cluster.suite.js';

it.each<[string, (c: BrokenCluster) => void, string[]]>([
  [
    'a privileged container',
    (c) => {
      container(c).securityContext.privileged = true;
    },
    [
      'pod-security @ privileged: true: Deployment network-telemetry: container telemetry is privileged, and namespace telemetry-system is restricted: no pod of it would start; leave it out',
    ],
  ],
  [
    'one that may gain privileges',
    (c) => {
      delete container(c).securityContext.allowPrivilegeEscalation;
    },
    [
      'pod-security @ securityContext:: Deployment network-telemetry: container telemetry may gain privileges, and namespace telemetry-system is restricted: no pod of it would start; write allowPrivilegeEscalation: false',
    ],
  ],
  [
    'one that keeps capabilities',
    (c) => {
      container(c).securityContext.capabilities = { drop: ['NET_RAW'] };
    },
    [
      'pod-security @ securityContext:: Deployment network-telemetry: container telemetry keeps capabilities, and namespace telemetry-system is restricted: no pod of it would start; write capabilities: { drop: [ALL] }',
    ],
  ],
  [
    'one that adds a capability',
    (c) => {
      container(c).securityContext.capabilities.add = ['NET_RAW'];
    },
    [
      'pod-security @ capabilities:: Deployment network-telemetry: container telemetry adds NET_RAW, and namespace telemetry-system is restricted: no pod of it would start; leave it out',
    ],
  ],
  [
    'one that may run as root',
    (c) => {
      pod(c).securityContext.runAsNonRoot = false;
    },
    [
      'pod-security @ securityContext:: Deployment network-telemetry: container telemetry may run as root, and namespace telemetry-system is restricted: no pod of it would start; write runAsNonRoot: true',
    ],
  ],
  [
    'one that runs as root',
    (c) => {
      pod(c).securityContext.runAsUser = 0;
    },
    [
      'pod-security @ securityContext:: Deployment network-telemetry: container telemetry runs as user 0, and namespace telemetry-system is restricted: no pod of it would start; write another',
    ],
  ],
  [
    'one without a seccomp profile',
    (c) => {
      delete pod(c).securityContext.seccompProfile;
    },
    [
      'pod-security @ securityContext:: Deployment network-telemetry: container telemetry has no seccomp profile, and namespace telemetry-system is restricted: no pod of it would start; write seccompProfile: { type: RuntimeDefault }',
    ],
  ],
  [
    'a port of the node',
    (c) => {
      container(c).ports[0].hostPort = 8080;
    },
    [
      'pod-security @ ports:: Deployment network-telemetry: container telemetry takes a port of its node, and namespace telemetry-system is restricted: no pod of it would start; leave hostPort out',
    ],
  ],
  [
    'the network of the node',
    (c) => {
      pod(c).hostNetwork = true;
    },
    [
      'pod-security @ hostNetwork: true: Deployment network-telemetry: hostNetwork: true, and namespace telemetry-system is restricted: no pod of it would start; leave it out',
    ],
  ],
  [
    'a folder of the node',
    (c) => {
      pod(c).volumes.push({ name: 'host', hostPath: { path: '/var/lib' } });
    },
    [
      'pod-security @ hostPath:: Deployment network-telemetry: a hostPath volume, and namespace telemetry-system is restricted: no pod of it would start; write one of configMap, csi, downwardAPI, emptyDir, ephemeral, persistentVolumeClaim, projected, secret',
    ],
  ],
  [
    'an init container, too',
    (c) => {
      pod(c).initContainers = [
        {
          name: 'init',
          image: 'busybox:1.36',
          securityContext: { privileged: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ];
    },
    [
      'pod-security @ privileged: true: Deployment network-telemetry: container init is privileged, and namespace telemetry-system is restricted: no pod of it would start; leave it out',
    ],
  ],
  [
    'the latest image',
    (c) => {
      container(c).image = 'breakwater/telemetry-collector:latest';
    },
    [
      'image-tag @ image: breakwater/telemetry-collector:latest: Deployment network-telemetry: container telemetry runs breakwater/telemetry-collector:latest: what that is changes without a change here; write the tag of a version',
    ],
  ],
  [
    'an image without a tag, of a registry with a port',
    (c) => {
      container(c).image = '127.0.0.1:5000/telemetry-collector';
    },
    [
      'image-tag @ image: 127.0.0.1:5000/telemetry-collector: Deployment network-telemetry: container telemetry runs 127.0.0.1:5000/telemetry-collector: what that is changes without a change here; write the tag of a version',
    ],
  ],
])('%s', (_, breakIt, findings) => {
  const cluster = new BrokenCluster();
  breakIt(cluster);
  expect(cluster.findings()).toEqual(findings);
});
