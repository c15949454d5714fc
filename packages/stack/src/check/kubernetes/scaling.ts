import { type Cluster, clusterCheck } from './cluster.js';
import { asList, asRecord, type Found, type Manifest, type Value } from './manifest.js';
import { type ContainerAt, resourcesOf, type Workload } from './workload.js';

const HPA = 'HorizontalPodAutoscaler';
const VPA = 'VerticalPodAutoscaler';
/** Seconds that the HPA's controller looks back before it scales in, where nothing is said. */
const DEFAULT_DOWN_WINDOW_S = 300;

/** Every HPA with the workload that it scales, where that is among the files. */
const scaled = (cluster: Cluster): Array<{ readonly hpa: Manifest; readonly workload: Workload }> =>
  cluster.ofKind(HPA).flatMap((hpa) => {
    const { kind, name } = hpa.record('spec', 'scaleTargetRef');
    const workload = cluster.workload(kind, name, hpa.namespace);
    return workload === undefined ? [] : [{ hpa, workload }];
  });

const metricsOf = (hpa: Manifest): readonly Value[] => hpa.list('spec', 'metrics');

/** The resources of which an HPA wants a share of what is requested, and their place in its list. */
const utilizations = (hpa: Manifest): Array<{ readonly resource: string; readonly index: number }> =>
  metricsOf(hpa).flatMap((metric, index) => {
    const { name, target } = asRecord(metric['resource'] ?? metric['containerResource']);
    return asRecord(target)['type'] === 'Utilization' ? [{ resource: String(name), index }] : [];
  });

const target = clusterCheck('hpa-target', 'An autoscaler scales something that is there', (cluster) =>
  [...cluster.ofKind(HPA), ...cluster.ofKind(VPA)].flatMap((scaler) => {
    const path = scaler.kind === HPA ? 'scaleTargetRef' : 'targetRef';
    const { kind, name } = scaler.record('spec', path);
    if (cluster.workloads.length === 0 || cluster.workload(kind, name, scaler.namespace) !== undefined) return [];
    const near = cluster.workloads.filter(({ namespace }) => namespace === scaler.namespace).map(({ title }) => title);
    const message = `scales ${String(kind)} ${String(name)}, which no file has in namespace ${scaler.namespace}`;
    return [scaler.found(['spec', path], message, `there are ${near.join(', ') || 'none'}`)];
  }),
);

const replicas = clusterCheck('hpa-replicas', 'What an HPA scales states no replica count of its own', (cluster) =>
  scaled(cluster).flatMap(({ hpa, workload }) => {
    const count = workload.manifest.at('spec', 'replicas');
    if (count === undefined) return [];
    const message = `replicas: ${String(count)} while ${hpa.name} scales it: each apply sets it back to that`;
    return [workload.found(['spec', 'replicas'], message, 'leave replicas out')];
  }),
);

const oneScaler = clusterCheck('one-scaler', 'A workload has one autoscaler of its replica count', (cluster) => {
  const first = new Map<string, Manifest>();
  return cluster.ofKind(HPA, 'ScaledObject').flatMap((scaler) => {
    const { kind = 'Deployment', name } = scaler.record('spec', 'scaleTargetRef');
    const key = `${scaler.namespace}/${String(kind)}/${String(name)}`;
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, scaler);
      return [];
    }
    const message = `scales ${String(kind)} ${String(name)}, and so does ${other.title} (${other.document.file}:${other.lineOf()}): with two on the same pods neither scales`;
    return [scaler.found(['spec', 'scaleTargetRef'], message, 'keep one; kubectl autoscale makes a second')];
  });
});

const bounds = clusterCheck('hpa-bounds', 'The least of an HPA is not above its most', (cluster) =>
  cluster.ofKind(HPA).flatMap((hpa) => {
    const { minReplicas = 1, maxReplicas } = hpa.record('spec');
    if (typeof maxReplicas !== 'number' || Number(minReplicas) <= maxReplicas) return [];
    const message = `minReplicas ${String(minReplicas)} is above maxReplicas ${maxReplicas}`;
    return [hpa.found(['spec', 'minReplicas'], message, `write ${maxReplicas} or less`)];
  }),
);

const vertical = clusterCheck('hpa-vpa', 'A VPA leaves alone what an HPA measures against', (cluster) =>
  scaled(cluster).flatMap(({ hpa, workload }) =>
    cluster
      .ofKind(VPA)
      .filter((vpa) => {
        const { kind, name } = vpa.record('spec', 'targetRef');
        const isSame = kind === workload.manifest.kind && name === workload.manifest.name;
        return isSame && vpa.namespace === hpa.namespace && vpa.at('spec', 'updatePolicy', 'updateMode') !== 'Off';
      })
      .flatMap((vpa) => {
        const controlled = controlledBy(vpa);
        const both = utilizations(hpa)
          .map(({ resource }) => resource)
          .filter((resource) => controlled.has(resource));
        if (both.length === 0) return [];
        const message = `changes the ${both.join(' and ')} requests of ${workload.title}, of which ${hpa.name} takes shares: they fight`;
        const fix = 'controlledResources without them, or an AverageValue in the HPA';
        return [vpa.found(['spec', 'targetRef'], message, fix)];
      }),
  ),
);

/** Without a policy a VPA controls CPU and memory of every container. */
function controlledBy(vpa: Manifest): ReadonlySet<string> {
  const policies = vpa.list('spec', 'resourcePolicy', 'containerPolicies');
  const isWhole = policies.length === 0;
  const own = policies
    .filter(({ mode }) => mode !== 'Off')
    .flatMap(({ controlledResources }) =>
      Array.isArray(controlledResources) ? controlledResources.map(String) : ['cpu', 'memory'],
    );
  return new Set(isWhole ? ['cpu', 'memory'] : own);
}

const requests = clusterCheck('hpa-requests', 'Every container requests what an HPA takes a share of', (cluster) =>
  scaled(cluster).flatMap(({ hpa, workload }) =>
    utilizations(hpa).flatMap(({ resource }) =>
      workload.containers
        .filter((container) => !hasRequest(container, resource))
        .map(({ name, path }) =>
          workload.found(
            path,
            `container ${name} requests no ${resource}, of which ${hpa.name} takes a share: it would not scale at all`,
            `write resources.requests.${resource}`,
          ),
        ),
    ),
  ),
);

/** A limit alone is taken for the request too. */
const hasRequest = (container: ContainerAt, resource: string): boolean =>
  (resourcesOf(container, 'requests')[resource] ?? resourcesOf(container, 'limits')[resource]) !== undefined;

const VALUES: Readonly<Record<string, string>> = {
  Utilization: 'averageUtilization',
  AverageValue: 'averageValue',
  Value: 'value',
};

const metricTarget = clusterCheck(
  'hpa-metric-target',
  'A metric of an HPA has the target that its type wants',
  (cluster) =>
    cluster.ofKind(HPA).flatMap((hpa) => metricsOf(hpa).flatMap((metric, index) => wrongTarget(hpa, metric, index))),
);

function wrongTarget(hpa: Manifest, metric: Value, index: number): Found[] {
  const type = String(metric['type']);
  const key = type.charAt(0).toLowerCase() + type.slice(1);
  const path = ['spec', 'metrics', index];
  if (metric[key] === undefined) return [hpa.found(path, `a metric of type ${type} has no ${key}`, `write ${key}`)];
  const wanted = asRecord(asRecord(metric[key])['target']);
  const kind = String(wanted['type']);
  if (type === 'Pods' && kind !== 'AverageValue') {
    return [hpa.found([...path, key, 'target'], `a Pods metric has ${kind} as its target`, 'write AverageValue')];
  }
  const field = VALUES[kind];
  if (field === undefined || wanted[field] !== undefined) return [];
  return [hpa.found([...path, key, 'target'], `a target of type ${kind} has no ${field}`, `write ${field}`)];
}

const stabilization = clusterCheck('hpa-window', 'An HPA looks back for longer than a pod takes to start', (cluster) =>
  scaled(cluster).flatMap(({ hpa, workload }) => {
    const path = ['spec', 'behavior', 'scaleDown', 'stabilizationWindowSeconds'];
    const window = Number(hpa.at(...path) ?? DEFAULT_DOWN_WINDOW_S);
    const start = Math.max(0, ...workload.containers.map(startOf));
    if (window >= start) return [];
    const message = `looks back for ${window} s before it scales in, and a pod of ${workload.title} may take ${start} s to start: it takes away pods that were just asked for`;
    return [hpa.found(path, message, `write ${start} or more`)];
  }),
);

/** Seconds that a container's start-up probe grants it. */
function startOf({ value }: ContainerAt): number {
  if (value['startupProbe'] === undefined) return 0;
  const { initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3 } = asRecord(value['startupProbe']);
  return Number(initialDelaySeconds) + Number(periodSeconds) * Number(failureThreshold);
}

const selectPolicy = clusterCheck(
  'hpa-select-policy',
  'Of several policies of growth it is said which one counts',
  (cluster) =>
    cluster.ofKind(HPA).flatMap((hpa) => {
      const path = ['spec', 'behavior', 'scaleUp'];
      const { selectPolicy: selected, policies } = hpa.record(...path);
      const shown = asList(policies).map(({ type, value }) =>
        type === 'Percent' ? `${String(value)} %` : `${String(value)} pods`,
      );
      if (shown.length < 2 || selected !== undefined) return [];
      const message = `grows by ${shown.join(' or ')}, and without selectPolicy the larger counts`;
      return [hpa.found(path, message, 'write selectPolicy: Min where both shall bound it, Max where not', 'warning')];
    }),
);

export const scalingChecks = [
  target,
  replicas,
  oneScaler,
  bounds,
  vertical,
  requests,
  metricTarget,
  stabilization,
  selectPolicy,
];
