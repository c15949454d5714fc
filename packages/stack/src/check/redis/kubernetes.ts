import { quantityOf } from '../../kubernetes/scalars.js';
import { closest } from '../../source/closest.js';
import { type Cluster, clusterCheck } from '../kubernetes/cluster.js';
import { asList, asRecord, asText, type Found } from '../kubernetes/manifest.js';
import { resourcesOf, variableAt, type Workload } from '../kubernetes/workload.js';
import { type RedisServer, readRedisServer } from './redis-server.js';

/** What a workload's ConfigMaps and commands make of the Redis in it. */
function serverIn(cluster: Cluster, { pod, namespace, containers }: Workload): RedisServer {
  const configs = asList(pod['volumes']).flatMap(({ configMap }) => {
    const config = cluster.find('ConfigMap', String(asRecord(configMap)['name']), namespace);
    return Object.values(config?.record('data') ?? {}).flatMap((text) => asText(text) ?? []);
  });
  const commands = containers.map(({ value }) => [value['command'], value['args']].flat().join(' '));
  return readRedisServer([...configs, ...commands].join('\n'));
}

const isRedis = ({ value }: { readonly value: Readonly<Record<string, unknown>> }): boolean =>
  /(?:^|\/)(?:redis|valkey)(?::|@|$)/.test(String(value['image']));

const memory = clusterCheck('redis-memory', 'The memory limit of Redis in a pod is above its maxmemory', (cluster) =>
  cluster.workloads.flatMap((workload) =>
    workload.containers.filter(isRedis).flatMap((container) => {
      const { maxMemory } = serverIn(cluster, workload);
      const limit = quantityOf(resourcesOf(container, 'limits')['memory'] ?? '');
      if (maxMemory === undefined || limit === undefined || limit > maxMemory) return [];
      const message = `memory limit ${limit} of container ${container.name} is not above maxmemory ${maxMemory}: it is killed before it is full`;
      const fix = `write more than ${Math.ceil((maxMemory * 1.25) / 1024 ** 2)}Mi, or a smaller maxmemory`;
      return [workload.found([...container.path, 'resources', 'limits', 'memory'], message, fix)];
    }),
  ),
);

const user = clusterCheck('redis-user', 'Who signs in to Redis in the cluster is a user of its ACL', (cluster) =>
  cluster.workloads.flatMap((workload) =>
    workload.containers.flatMap((container): Found[] => {
      const name = container.environment.get('REDIS_USERNAME');
      const url = container.environment.get('REDIS_URL') ?? '';
      if (name === undefined || !URL.canParse(url)) return [];
      const service = cluster.serviceAt(new URL(url).hostname, workload.namespace);
      const users = (service === undefined ? [] : cluster.selectedBy(service)).flatMap(
        (server) => serverIn(cluster, server).users,
      );
      if (users.length === 0 || users.includes(name)) return [];
      const message = `container ${container.name} signs in to ${service!.title} as ${name}, whom its ACL does not know: every command is refused`;
      const near = closest(name, users);
      const fix = near === undefined ? `users there are ${users.join(', ')}` : `did you mean ${near}?`;
      return [workload.found(variableAt(container, 'REDIS_USERNAME'), message, fix)];
    }),
  ),
);

export const redisKubernetesChecks = [memory, user];
