import { describe, expect, it } from 'vitest';
import { HaproxyConfig } from '../../haproxy/haproxy-config.js';
import { BrokenCluster, HPA, NAME } from './broken-cluster.suite.js';

const slotsIn = (cluster: BrokenCluster, others = {}): string[] =>
  cluster
    .findings(others)
    .filter((finding) => finding.startsWith('proxy-slots-kubernetes'))
    .map((finding) => finding.replace(/ check .*?: backend/, ' …: backend'));

const TEMPLATE = 'server-template collector 1-21 network-telemetry-pods.telemetry-system.svc.cluster.local:8080';

describe('a slot for every pod', () => {
  it('finds an HPA that allows more, in each backend of the mounted haproxy.cfg, at its line', () => {
    const cluster = new BrokenCluster();
    cluster.get('HorizontalPodAutoscaler', HPA).spec.maxReplicas = 40;
    const [first, ...more] = slotsIn(cluster);
    expect(first).toBe(
      `proxy-slots-kubernetes @ ${TEMPLATE} …: backend collectors has 21 slots for Deployment ${NAME}, of which HorizontalPodAutoscaler ${HPA} allows 40, and a rolling update 1 more: 20 get no traffic; write 1-41`,
    );
    expect(more).toHaveLength(2);
  });

  it('counts the quarter that a rolling update starts by default', () => {
    const cluster = new BrokenCluster();
    delete cluster.get('Deployment', NAME).spec.strategy;
    expect(slotsIn(cluster)[0]).toContain('allows 20, and a rolling update 5 more: 4 get no traffic; write 1-25');
  });

  it('finds a file beside the manifests that has too few, without a stack file too', () => {
    const haproxy = [
      new HaproxyConfig('haproxy.cfg', 'backend b\n  server-template c 1-10 network-telemetry:8080 check\n'),
    ];
    const cluster = new BrokenCluster();
    expect(slotsIn(cluster, { haproxy, plan: undefined })).toEqual([
      `proxy-slots-kubernetes @ haproxy.cfg:2: backend b has 10 slots for Deployment ${NAME}, of which HorizontalPodAutoscaler ${HPA} allows 20, and a rolling update 1 more: 11 get no traffic; write 1-21`,
    ]);
  });

  it('is content with a StatefulSet, which starts none beyond its count, and with what has no template', () => {
    const cluster = new BrokenCluster('  storage: persistent\n');
    const of = (text: string) => slotsIn(cluster, { haproxy: [new HaproxyConfig('haproxy.cfg', text)] });
    expect(of('backend b\n  server-template c 1-20 elsewhere:8080\n')).toEqual([]);
    expect(of('backend b\n  server c network-telemetry:8080\n')).toEqual([]);
    expect(
      slotsIn(cluster, {
        plan: undefined,
        haproxy: [new HaproxyConfig('h', 'backend b\n  server-template c 20 network-telemetry:8080\n')],
      }),
    ).toEqual([]);
  });
});
