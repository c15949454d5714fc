import { clusterCheck } from './cluster.js';
import { matchesAll, selects, showLabels } from './labels.js';
import { asList, asRecord, type Found } from './manifest.js';
import type { ContainerAt, Workload } from './workload.js';

const selector = clusterCheck('service-selector', 'A service selects the pods of a workload', (cluster) =>
  cluster.ofKind('Service').flatMap((service) => {
    const wanted = service.at('spec', 'selector');
    const here = cluster.workloads.filter(({ namespace }) => namespace === service.namespace);
    if (wanted === undefined || here.length === 0 || cluster.selectedBy(service).length > 0) return [];
    const message = `selects ${showLabels(wanted)}, which no pod of namespace ${service.namespace} has`;
    const fix = `the pods have ${here.map(({ labels }) => showLabels(labels)).join(' or ')}`;
    return [service.found(['spec', 'selector'], message, fix)];
  }),
);

const port = clusterCheck('service-port', 'A port of a service leads to a port of the containers', (cluster) =>
  cluster.ofKind('Service').flatMap((service) =>
    cluster.selectedBy(service).flatMap((workload) =>
      service.list('spec', 'ports').flatMap(({ port: own, targetPort = own }, index) => {
        if (workload.port(targetPort) !== undefined) return [];
        const message = `port ${String(own)} leads to ${String(targetPort)}, which no container of ${workload.title} has`;
        const fix = `there are ${workload.portNames.join(', ') || 'none'}`;
        return [service.found(['spec', 'ports', index], message, fix)];
      }),
    ),
  ),
);

const governing = clusterCheck(
  'statefulset-service',
  'A StatefulSet names a headless service of its own pods',
  (cluster) =>
    cluster.workloads
      .filter(({ manifest }) => manifest.kind === 'StatefulSet')
      .flatMap((workload): Found[] => {
        const path = ['spec', 'serviceName'];
        const name = String(workload.manifest.at(...path));
        const service = cluster.find('Service', name, workload.namespace);
        if (service === undefined) {
          const message = `serviceName ${name} is no service among the files: its pods get no names in DNS`;
          return [workload.found(path, message, 'write the name of a service with clusterIP: None')];
        }
        if (service.at('spec', 'clusterIP') !== 'None') {
          const message = `serviceName ${name} has an address of its own: its pods get no names in DNS`;
          return [workload.found(path, message, `write clusterIP: None in Service ${name}`)];
        }
        if (matchesAll(service.at('spec', 'selector'), workload.labels)) return [];
        const message = `serviceName ${name} selects ${showLabels(service.at('spec', 'selector'))}, and the pods have ${showLabels(workload.labels)}`;
        return [workload.found(path, message, 'write a service that selects them')];
      }),
);

const own = clusterCheck('workload-selector', 'A workload selects the pods that it makes', (cluster) =>
  cluster.workloads.flatMap((workload) => {
    const wanted = workload.manifest.at('spec', 'selector');
    if (wanted === undefined || selects(wanted, workload.labels)) return [];
    const message = `its selector does not match its pods, which have ${showLabels(workload.labels)}`;
    return [workload.found(['spec', 'selector'], message, 'write labels of template.metadata there')];
  }),
);

const PROBES = ['startupProbe', 'livenessProbe', 'readinessProbe'];

const probePort = clusterCheck('probe-port', 'A probe asks a port that its container has', (cluster) =>
  cluster.workloads.flatMap((workload) =>
    workload.containers.flatMap((container) =>
      [...httpAndTcp(container)].flatMap(({ path, port: asked }) => {
        if (ownPort(container, asked)) return [];
        const message = `${String(path.at(-2))} of container ${container.name} asks port ${String(asked)}, which it does not have`;
        return [workload.found(path, message, `there are ${workload.portNames.join(', ') || 'none'}`)];
      }),
    ),
  ),
);

const ownPort = ({ value }: ContainerAt, asked: unknown): boolean =>
  asList(value['ports']).some(({ name, containerPort }) => name === asked || containerPort === asked);

function httpAndTcp({ value, path }: ContainerAt) {
  return PROBES.flatMap((probe) =>
    ['httpGet', 'tcpSocket'].flatMap((how) => {
      const { port: asked, path: url } = asRecord(asRecord(value[probe])[how]);
      return asked === undefined ? [] : [{ path: [...path, probe, how], port: asked, url }];
    }),
  );
}

/** By the last word of an image's name: what answers a probe there. */
const ANSWERED: Readonly<Record<string, readonly string[]>> = {
  'telemetry-collector': ['/health', '/health/live', '/health/ready', '/ping', '/metrics'],
  influxdb: ['/health', '/ping', '/ready', '/metrics'],
  redis_exporter: ['/health', '/metrics', '/'],
  grafana: ['/api/health', '/metrics', '/login'],
  prometheus: ['/-/healthy', '/-/ready', '/metrics'],
  alertmanager: ['/-/healthy', '/-/ready', '/metrics'],
};

const probePath = clusterCheck('probe-path', 'A probe asks a path that its server answers', (cluster) =>
  cluster.workloads.flatMap((workload) => {
    const proxies = cluster.proxiesOf(workload);
    return workload.containers.flatMap((container) => {
      const image = imageName(container);
      const known = ANSWERED[image];
      return httpAndTcp(container).flatMap(({ path, url }) => {
        if (typeof url !== 'string') return [];
        const bare = url.split('?')[0]!;
        if (known !== undefined && !known.includes(bare)) {
          return [wrongPath(workload, path, image, bare, known.join(', '))];
        }
        const isProxy = image === 'haproxy' && proxies.length > 0;
        if (!isProxy || proxies.some(({ text }) => wordsOf(text).has(bare))) return [];
        return [wrongPath(workload, path, 'its haproxy.cfg', bare, 'a monitor-uri of it')];
      });
    });
  }),
);

const imageName = ({ value }: ContainerAt): string =>
  String(value['image'] ?? '')
    .split('/')
    .at(-1)!
    .split(/[:@]/)[0]!;

const wordsOf = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

const wrongPath = (workload: Workload, path: ContainerAt['path'], who: string, url: string, known: string): Found =>
  workload.found([...path, 'path'], `asks ${url}, which ${who} does not answer: the probe fails`, `write ${known}`);

export const serviceChecks = [own, selector, port, governing, probePort, probePath];
