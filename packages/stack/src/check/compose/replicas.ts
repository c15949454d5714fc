import type { Plan } from '../../plan/plan.js';
import type { Check } from '../check.js';
import { type ComposeProject, composeCheck, serviceCheck } from './project.js';
import type { ComposeServiceView, Found } from './service.js';

/** Those that the proxy finds behind one name, in as many slots as replicas: they are there to be scaled. */
function scalable(project: ComposeProject): ComposeServiceView[] {
  const hosts = project.proxies.flatMap(({ servers }) =>
    servers.filter(({ slots }) => slots > 1).map(({ host }) => host),
  );
  const replicated = project.services.filter((service) => replicasOf(service) > 1);
  return [...new Set([...hosts.flatMap((host) => project.named(host)), ...project.collectors, ...replicated])];
}

function replicasOf({ value }: ComposeServiceView): number {
  const deploy = value['deploy'] as { replicas?: unknown } | undefined;
  return Number(value['scale'] ?? deploy?.replicas ?? 1);
}

const oneOfAKind = composeCheck(
  'compose-scalable',
  'What is to be scaled has no container name, host name or port that only one can have',
  (project) =>
    scalable(project).flatMap((service) => {
      const { container_name: container, hostname } = service.value;
      const found: Found[] = [];
      if (container !== undefined) {
        const message = `container_name ${container} is of one container, so that --scale ${service.name}=2 fails`;
        found.push(service.found(['container_name'], message, 'leave it out; a network alias is a name for all'));
      }
      if (hostname !== undefined && service.variable('REPLICA_ID') === undefined) {
        const message = `hostname ${hostname} is the same for every replica, and collectors are called after it`;
        found.push(service.found(['hostname'], message, 'leave it out'));
      }
      const ports = service.published.filter(({ host }) => host !== undefined && host[0] === host[1]);
      for (const { host, path } of ports) {
        const message = `port ${host![0]} of the machine is for one container, so that --scale ${service.name}=2 fails`;
        found.push(service.found(path, message, 'leave it to the proxy, or publish a range of ports'));
      }
      return found;
    }),
);

const enough = composeCheck(
  'compose-replicas',
  'As many collectors start as the stack file says, and the proxy has a slot for each',
  (project, { plan }) => {
    const proxy = project.proxyService;
    if (proxy === undefined) return [];
    const count = project.collectors.reduce((sum, service) => sum + replicasOf(service), 0);
    return [...tooFew(project, plan, count), ...tooFewSlots(project, count)];
  },
);

function tooFew(project: ComposeProject, plan: Plan | undefined, count: number): Found[] {
  if (plan === undefined) return [];
  const { min } = plan.stack.collectors;
  const missing = plan.collectors.services.filter((name) => project.service(name) === undefined);
  if (missing.length === 0 || count >= min) return [];
  const message = `${count} collectors start, and collectors.min of the stack file is ${min}: ${missing.join(', ')} is missing`;
  return [
    {
      severity: 'error',
      file: project.file,
      line: project.lineOf(['services']),
      message,
      fix: 'run breakwater generate, or change collectors.min',
    },
  ];
}

function tooFewSlots(project: ComposeProject, count: number): Found[] {
  const names = new Set(project.collectors.flatMap((service) => service.names));
  return project.proxies.flatMap(({ config, name, servers }) =>
    servers
      .filter(({ template, host, slots }) => template && names.has(host) && slots < count)
      .map(({ slots, line }) => ({
        severity: 'error' as const,
        file: config.file,
        line,
        message: `backend ${name}: ${slots} slots for ${count} collectors of ${project.file}: the others get no traffic`,
        fix: `write ${count} slots or more`,
      })),
  );
}

const ownVolumes = composeCheck('compose-volumes', 'No two services write to one volume', (project) => {
  const writers = new Map<string, ComposeServiceView>();
  return project.services.flatMap((service) =>
    service.mounts.flatMap(({ source, readOnly, path }) => {
      if (source === undefined || readOnly || !/^\w/.test(source)) return [];
      const other = writers.get(source);
      if (other === undefined) writers.set(source, service);
      if (other === undefined || other === service) return [];
      const message = `volume ${source} is written by service ${other.name} too: when it is full or gone, both have lost theirs`;
      return [service.found(path, message, `give it a volume of its own, such as ${service.name}-data`)];
    }),
  );
});

const logs = composeCheck(
  'compose-log-volume',
  'The log of a collector lies on a volume, which outlives its container',
  (project) =>
    project.collectors.flatMap((service) => {
      const folder = service.variable('SPOOL_DIR') ?? service.variable('DATA_DIR') ?? 'data';
      const isKept = service.mounts.some(
        ({ source, target }) => source !== undefined && `${folder}/`.startsWith(`${target}/`),
      );
      if (isKept) return [];
      const message = `its log is in ${folder}, on no volume: what waits there is gone with the container`;
      return [service.found(['volumes'], message, `mount a volume at ${folder}`)];
    }),
);

const SINGLE_FILE = /\.(?:cfg|conf|ya?ml|json|toml)$/;
const RELOADS = /^(?:haproxy|prometheus|alertmanager)/;

const mountedFiles = serviceCheck(
  'compose-mounted-file',
  'What reads its configuration again gets the folder of it, not the one file',
  (service, project) => {
    const reloads = RELOADS.test(service.program) || project.collectors.includes(service);
    if (!reloads) return [];
    return service.mounts
      .filter(({ source, target }) => /^[./~]/.test(source ?? '') && SINGLE_FILE.test(target))
      .map(({ source, target, path }) => {
        const message = `${source} is mounted as one file: most editors replace a file, and ${target} would stay the old one at every reload`;
        const fix = `mount its folder: ${folderOf(source!)}:${folderOf(target)}:ro`;
        return service.found(path, message, fix);
      });
  },
);

const folderOf = (path: string): string => path.replace(/\/[^/]*$/, '');

export const replicaChecks: readonly Check[] = [oneOfAKind, enough, ownVolumes, logs, mountedFiles];
