import { describe, expect, it } from 'vitest';
import { NO_ARTIFACTS } from '../../check/artifacts.js';
import { checkArtifacts } from '../../check/checks.js';
import { parseStack } from '../../file/parse.js';
import { showFinding } from '../../finding.js';
import { type Plan, planStack } from '../../plan/plan.js';
import { YamlSource } from '../../source/yaml-source.js';
import { renderKubernetes } from './kubernetes.js';

const TARGETS = 'apiVersion: breakwater/v1\nkind: Targets\ntargets: []\n';

function planOf(collectors = '', rest = ''): Plan {
  const text = `apiVersion: breakwater/v1\nkind: Stack\ncollectors:\n  targetCidrs: [10.0.0.0/8]\n${collectors}${rest}`;
  return planStack(parseStack(text, 'breakwater.stack.yaml').stack, { targets: TARGETS });
}

const sourcesOf = (plan: Plan): YamlSource[] =>
  renderKubernetes(plan).map(({ path, text }) => new YamlSource(path, text));

const find = (plan: Plan, kind: string, name: string) => {
  const objects = sourcesOf(plan).flatMap(({ documents }) => documents);
  return objects.find((object) => object.at(['kind']) === kind && object.at(['metadata', 'name']) === name);
};

const findings = (plan: Plan): string[] =>
  checkArtifacts({ ...NO_ARTIFACTS, manifests: sourcesOf(plan), plan }).map(showFinding);

const OWN_AUTHORITY = 'proxy: { tls: { certificate: /etc/haproxy/tls/telemetry.pem, ca: /etc/ssl/own/ca.pem } }\n';

describe('every form of the stack passes every check', () => {
  it.each([
    ['as it is by default', '', ''],
    ['with a claim for each log', '  storage: persistent\n', ''],
    ['of one replica each', '  min: 1\n  max: 1\n', 'backends: { replicas: 1 }\nproxy: { replicas: 1 }\n'],
    ['of a large size', '  min: 100\n  max: 400\n', 'backends: { replicas: 3 }\nproxy: { replicas: 10 }\n'],
    ['with TLS', '', 'proxy: { tls: { certificate: /etc/haproxy/tls/telemetry.pem } }\n'],
    ['with TLS of an authority of its own', '', OWN_AUTHORITY],
    ['with both that and a claim for each log', '  storage: persistent\n', OWN_AUTHORITY],
    [
      'with ports of its own',
      '  port: 9000\n',
      'backends: { port: 9086 }\nredis: { port: 7000 }\nproxy: { port: 9404 }\n',
    ],
    ['with a long drain', '  drain: { delay: 12.5s, timeout: 2m }\n', ''],
    ['scraped once a minute', '', 'monitoring: { prometheus: { scrapeInterval: 60s } }\n'],
    [
      'in namespaces of its own',
      '',
      'kubernetes: { namespace: net, monitoringNamespace: prom, ingressNamespaces: [web], storageClass: fast }\n',
    ],
  ])('%s', (_, collectors, rest) => {
    // They are made by hand.
    const secrets = [
      ...(rest.includes('ca: ') ? ['telemetry-proxy-ca'] : []),
      ...(rest.includes('tls: ') ? ['telemetry-proxy-tls'] : []),
    ];
    const warnings = secrets.map((name) => expect.stringMatching(`warning: .*names Secret ${name}, which no file has`));
    expect(findings(planOf(collectors, rest))).toEqual(warnings);
  });
});

it('shows a new maximum in the slots, the autoscaler and the disruption budget at once', () => {
  const shown = (max: number) => {
    const plan = planOf(`  max: ${max}\n`);
    const proxy = String(find(plan, 'ConfigMap', 'haproxy-config')!.at(['data', 'haproxy.cfg']));
    return [
      find(plan, 'HorizontalPodAutoscaler', 'network-telemetry-hpa')!.at(['spec', 'maxReplicas']),
      find(plan, 'PodDisruptionBudget', 'network-telemetry')!.at(['spec', 'maxUnavailable']),
      /server-template collector (\S+)/.exec(proxy)?.[1],
    ];
  };
  expect(shown(20)).toEqual([20, '10%', '1-21']);
  expect(shown(40)).toEqual([40, '5%', '1-41']);
});

it.each([1, 2, 3, 5, 7, 20, 40, 199, 200, 201, 1000])(
  'lets drains of nodes take no more of %i collectors than the autoscaler gives back in one step',
  (max) => {
    const share = find(planOf(`  min: 1\n  max: ${max}\n`), 'PodDisruptionBudget', 'network-telemetry')!.at([
      'spec',
      'maxUnavailable',
    ]);
    const gone = (pods: number) =>
      typeof share === 'string' ? Math.ceil((Number.parseInt(share, 10) * pods) / 100) : Number(share);
    const sizes = Array.from({ length: max }, (_, index) => index + 1);
    expect(sizes.filter((pods) => gone(pods) < 1 || gone(pods) > 2)).toEqual([]);
    expect(sizes.filter((pods) => pods > 1 && gone(pods) >= pods)).toEqual([]);
  },
);

it('bounds growth by the smaller of share and pods, and leaves the replica count to the autoscaler', () => {
  const hpa = find(planOf(), 'HorizontalPodAutoscaler', 'network-telemetry-hpa')!;
  expect(hpa.at(['spec', 'behavior'])).toEqual({
    scaleUp: {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Min',
      policies: [
        { type: 'Percent', value: 50, periodSeconds: 60 },
        { type: 'Pods', value: 2, periodSeconds: 60 },
      ],
    },
    scaleDown: {
      stabilizationWindowSeconds: 300,
      selectPolicy: 'Max',
      policies: [{ type: 'Percent', value: 10, periodSeconds: 60 }],
    },
  });
  expect(hpa.at(['spec', 'metrics', 2])).toEqual({
    type: 'Pods',
    pods: {
      metric: { name: 'telemetry_collection_busy' },
      target: { type: 'AverageValue', averageValue: '35' },
    },
  });
  expect(find(planOf(), 'Deployment', 'network-telemetry')!.at(['spec', 'replicas'])).toBeUndefined();
});

it('puts each log on a claim that outlives its pod where storage is persistent', () => {
  const plan = planOf('  storage: persistent\n');
  expect(find(plan, 'Deployment', 'network-telemetry')).toBeUndefined();
  const set = find(plan, 'StatefulSet', 'network-telemetry')!;
  expect(set.at(['spec', 'replicas'])).toBeUndefined();
  expect(set.at(['spec', 'serviceName'])).toBe('network-telemetry-pods');
  expect(set.at(['spec', 'persistentVolumeClaimRetentionPolicy', 'whenScaled'])).toBe('Retain');
  expect(set.at(['spec', 'volumeClaimTemplates', 0, 'spec', 'resources'])).toEqual({ requests: { storage: '2560Mi' } });
  const hpa = find(plan, 'HorizontalPodAutoscaler', 'network-telemetry-hpa')!;
  expect(hpa.at(['spec', 'scaleTargetRef', 'kind'])).toBe('StatefulSet');
});

it('has no secret but by reference, and no collector without its own name', () => {
  const text = renderKubernetes(planOf())
    .map((file) => file.text)
    .join('');
  for (const { variable } of planOf().secrets) expect(text).not.toMatch(new RegExp(`name: ${variable}\\n +value:`));
  const env = find(planOf(), 'Deployment', 'network-telemetry')!.at([
    'spec',
    'template',
    'spec',
    'containers',
    0,
    'env',
  ]);
  expect(env).toContainEqual({ name: 'REPLICA_ID', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } });
  expect(env).toContainEqual({
    name: 'INFLUX_TOKEN',
    valueFrom: { secretKeyRef: { name: 'telemetry-secrets', key: 'INFLUX_TOKEN' } },
  });
});

it('keeps the addresses at which clouds tell credentials out of wide networks of targets', () => {
  const egress = (cidr: string) => {
    const text = `apiVersion: breakwater/v1\nkind: Stack\ncollectors: { targetCidrs: [${cidr}] }\n`;
    const plan = planStack(parseStack(text, 'f').stack);
    return find(plan, 'NetworkPolicy', 'network-telemetry')!.at(['spec', 'egress', 3, 'to']);
  };
  expect(egress('0.0.0.0/0')).toEqual([{ ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.169.254/32'] } }]);
  expect(egress('169.254.0.0/16')).toEqual([{ ipBlock: { cidr: '169.254.0.0/16', except: ['169.254.169.254/32'] } }]);
  expect(egress('10.0.0.0/8')).toEqual([{ ipBlock: { cidr: '10.0.0.0/8' } }]);
  expect(egress('2001:db8::/32')).toEqual([{ ipBlock: { cidr: '2001:db8::/32' } }]);
});

it('starts the proxy anew when its configuration changes, and the collectors not when the targets do', () => {
  const template = (plan: Plan, name: string) =>
    JSON.stringify(find(plan, 'Deployment', name)!.at(['spec', 'template']));
  const other = planOf('', 'proxy: { rateLimit: { requests: 7 } }\n');
  expect(template(other, 'load-balancer')).not.toBe(template(planOf(), 'load-balancer'));
  const targets = { ...planOf(), targets: `${TARGETS}# another\n` };
  expect(template(targets, 'network-telemetry')).toBe(template(planOf(), 'network-telemetry'));
});

const podOf = (plan: Plan, kind: string, name: string) =>
  find(plan, kind, name)!.at(['spec', 'template', 'spec']) as {
    readonly containers: ReadonlyArray<Record<'env' | 'volumeMounts', Array<Record<string, unknown>>>>;
    readonly volumes: Array<Record<string, unknown>>;
  };

const variable = (plan: Plan, wanted: string, kind = 'Deployment'): unknown =>
  podOf(plan, kind, 'network-telemetry').containers[0]!.env.find(({ name }) => name === wanted)?.['value'];

it('hands over by TLS where the proxy speaks nothing else', () => {
  const host = 'load-balancer.telemetry-system.svc.cluster.local:8080';
  expect(variable(planOf(), 'HANDOVER_URL')).toBe(`http://${host}`);
  const plan = planOf('', 'proxy: { tls: { certificate: /etc/tls/a.pem } }\n');
  expect(variable(plan, 'HANDOVER_URL')).toBe(`https://${host}`);
  expect(variable(plan, 'HANDOVER_CA_FILE')).toBeUndefined();
});

it.each([
  ['Deployment', 'local'],
  ['StatefulSet', 'persistent'],
])('trusts the authority that the stack file names, in a %s, and shows it no key', (kind, storage) => {
  const plan = planOf(`  storage: ${storage}\n`, OWN_AUTHORITY);
  const { containers, volumes } = podOf(plan, kind, 'network-telemetry');
  expect(variable(plan, 'HANDOVER_CA_FILE', kind)).toBe('/etc/ssl/own/ca.pem');
  expect(containers[0]!.volumeMounts).toContainEqual({
    name: 'proxy-ca',
    mountPath: '/etc/ssl/own/ca.pem',
    subPath: 'ca.pem',
    readOnly: true,
  });
  expect(volumes.filter((volume) => 'secret' in volume)).toEqual([
    { name: 'proxy-ca', secret: { secretName: 'telemetry-proxy-ca' } },
  ]);
  const proxy = podOf(plan, 'Deployment', 'load-balancer').volumes;
  expect(proxy.filter((volume) => 'secret' in volume)).toEqual([
    { name: 'tls', secret: { secretName: 'telemetry-proxy-tls' } },
  ]);
});
