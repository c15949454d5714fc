import { haproxyTimeMs } from '../../haproxy/time.js';
import { quantityOf } from '../../kubernetes/scalars.js';
import type { Path } from '../../source/yaml-source.js';
import { type Cluster, clusterCheck } from './cluster.js';
import { asList, asRecord } from './manifest.js';
import { type ContainerAt, resourcesOf, type Workload } from './workload.js';

const DEFAULT_GRACE_S = 30;

/** What a container does after it was told to end, and what says so. */
interface Ending {
  readonly seconds: number;
  readonly what: string;
}

const grace = clusterCheck('termination-grace', 'A pod has the time that preStop and its drain take', (cluster) =>
  cluster.workloads.flatMap((workload) => {
    const given = Number(workload.pod['terminationGracePeriodSeconds'] ?? DEFAULT_GRACE_S);
    return workload.containers.flatMap((container) => {
      const parts = [...preStopOf(container), ...drainOf(cluster, workload, container)];
      const needed = parts.reduce((sum, { seconds }) => sum + seconds, 0);
      if (needed <= given) return [];
      const shown = parts.map(({ what, seconds }) => `${what} ${seconds} s`).join(' and ');
      const stated = workload.pod['terminationGracePeriodSeconds'] === undefined ? ' (the default)' : '';
      const message = `terminationGracePeriodSeconds ${given}${stated} is less than ${shown} of container ${container.name}: it is killed while it drains`;
      return [workload.found(workload.inPod('terminationGracePeriodSeconds'), message, `write ${needed + 5} or more`)];
    });
  }),
);

function preStopOf({ value }: ContainerAt): Ending[] {
  const { sleep, exec } = asRecord(asRecord(value['lifecycle'])['preStop']);
  const { seconds } = asRecord(sleep);
  if (typeof seconds === 'number') return [{ what: 'preStop', seconds }];
  const { command } = asRecord(exec);
  const [, slept] = /\bsleep[\s,"']+(\d+)/.exec(Array.isArray(command) ? command.join(' ') : '') ?? [];
  return slept === undefined ? [] : [{ what: 'preStop', seconds: Number(slept) }];
}

function drainOf(cluster: Cluster, workload: Workload, container: ContainerAt): Ending[] {
  const drain = Number(container.environment.get('DRAIN_TIMEOUT') ?? Number.NaN);
  if (Number.isFinite(drain)) return [{ what: 'DRAIN_TIMEOUT', seconds: drain }];
  if (!String(container.value['image']).includes('haproxy')) return [];
  return cluster.proxiesOf(workload).flatMap(({ config }) =>
    config.sections
      .filter(({ kind }) => kind === 'global')
      .flatMap(({ lines }) => lines)
      .filter(({ words }) => words[0] === 'hard-stop-after')
      .map(({ words }) => ({ what: 'hard-stop-after', seconds: (haproxyTimeMs(words[1]) ?? 0) / 1000 })),
  );
}

const EPHEMERAL = 'ephemeral-storage';

const spool = clusterCheck(
  'spool-volume',
  'The volume of the log is above what the log may need',
  (cluster, { plan }) =>
    cluster.workloads.flatMap((workload) =>
      workload.containers.flatMap((container) => {
        const env = container.environment;
        const lanes = (env.get('INFLUX_URLS') ?? '').split(',').filter((url) => url.trim() !== '').length;
        if (lanes === 0) return [];
        const cap = Number(env.get('SPOOL_MAX_BYTES') ?? plan?.stack.collectors.spool.maxBytes ?? 1024 ** 3);
        const folder = env.get('SPOOL_DIR') ?? `${env.get('DATA_DIR') ?? 'data'}/spool`;
        return volumeProblem(workload, container, folder, { cap, lanes });
      }),
    ),
);

function volumeProblem(
  workload: Workload,
  container: ContainerAt,
  folder: string,
  log: { cap: number; lanes: number },
) {
  const needed = log.cap * log.lanes;
  const shown = `the log may need ${needed} bytes: SPOOL_MAX_BYTES ${log.cap} for each of ${log.lanes} backends`;
  const mount = asList(container.value['volumeMounts']).find(({ mountPath }) =>
    `${folder}/`.startsWith(`${String(mountPath).replace(/\/$/, '')}/`),
  );
  if (mount === undefined) {
    const message = `${folder} of container ${container.name} is on no volume: what waits there goes with the container`;
    return [workload.found(container.path, message, 'mount a volume there')];
  }
  const volume = sizeOf(workload, String(mount['name']));
  if (volume === undefined) return [];
  if (volume.bytes === undefined) {
    const message = `the volume ${String(mount['name'])} of the log has no sizeLimit: it may fill the node's disk`;
    return [workload.found(volume.path, message, `write sizeLimit, above ${needed}`, 'warning')];
  }
  if (volume.bytes <= needed) {
    const message = `the volume ${String(mount['name'])} holds ${volume.bytes} bytes, and ${shown}: the pod is evicted, with what it has, before the log is at its cap`;
    return [workload.found(volume.path, message, `write more than ${needed}, or a smaller SPOOL_MAX_BYTES`)];
  }
  return volume.isOnNode ? ephemeralProblem(workload, container, volume.bytes) : [];
}

/** An emptyDir counts as the pod's ephemeral storage, beside its logs. */
function ephemeralProblem(workload: Workload, container: ContainerAt, bytes: number) {
  const limit = quantityOf(resourcesOf(container, 'limits')[EPHEMERAL] ?? '');
  const request = quantityOf(resourcesOf(container, 'requests')[EPHEMERAL] ?? '');
  if (limit !== undefined && limit < bytes) {
    const message = `${EPHEMERAL} limit ${limit} of container ${container.name} is below the sizeLimit ${bytes} of its volume: the pod is evicted before`;
    return [workload.found([...container.path, 'resources', 'limits', EPHEMERAL], message, `write more than ${bytes}`)];
  }
  if (request !== undefined && request >= bytes) return [];
  const message = `container ${container.name} requests ${request ?? 'no'} ${EPHEMERAL}, and its volume may take ${bytes}: it may be put where there is no room`;
  return [workload.found([...container.path, 'resources', 'requests'], message, `request ${bytes}`, 'warning')];
}

function sizeOf(workload: Workload, name: string) {
  const { manifest, pod } = workload;
  const claims = manifest.list('spec', 'volumeClaimTemplates');
  const claim = claims.findIndex(({ metadata }) => asRecord(metadata)['name'] === name);
  if (claim >= 0) {
    const path: Path = ['spec', 'volumeClaimTemplates', claim, 'spec', 'resources', 'requests', 'storage'];
    return { path, bytes: quantityOf(manifest.at(...path) ?? ''), isOnNode: false };
  }
  const index = asList(pod['volumes']).findIndex((volume) => volume['name'] === name);
  const { emptyDir } = asList(pod['volumes'])[index] ?? {};
  if (emptyDir === undefined) return undefined;
  const bytes = quantityOf(asRecord(emptyDir)['sizeLimit'] ?? '');
  return { path: workload.inPod('volumes', index), bytes, isOnNode: true };
}

const memoryUnit = clusterCheck('memory-unit', 'Memory is not counted in thousandths of a byte', (cluster) =>
  cluster.workloads.flatMap((workload) =>
    workload.containers.flatMap((container) =>
      (['requests', 'limits'] as const).flatMap((of) => {
        const memory = resourcesOf(container, of)['memory'];
        if (typeof memory !== 'string' || !/\dm$/.test(memory)) return [];
        const message = `memory ${memory} of container ${container.name} is thousandths of a byte`;
        return [
          workload.found([...container.path, 'resources', of, 'memory'], message, `write ${memory.slice(0, -1)}Mi`),
        ];
      }),
    ),
  ),
);

const requestAboveLimit = clusterCheck('request-limit', 'No request is above its limit', (cluster) =>
  cluster.workloads.flatMap((workload) =>
    workload.containers.flatMap((container) =>
      Object.entries(resourcesOf(container, 'requests')).flatMap(([resource, request]) => {
        const limit = resourcesOf(container, 'limits')[resource];
        if (limit === undefined || (quantityOf(request) ?? 0) <= (quantityOf(limit) ?? Number.POSITIVE_INFINITY))
          return [];
        const message = `container ${container.name} requests ${String(request)} of ${resource}, above its limit ${String(limit)}`;
        return [
          workload.found(
            [...container.path, 'resources', 'requests', resource],
            message,
            `write ${String(limit)} or less`,
          ),
        ];
      }),
    ),
  ),
);

export const lifecycleChecks = [grace, spool, memoryUnit, requestAboveLimit];
