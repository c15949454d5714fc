import { type Plan, planStack } from '../../plan/plan.js';
import { composeSite } from '../../plan/site.js';
import type { ComposeFile, ComposeService } from './compose-file.js';
import { type Resources, variable } from './service.js';
import { collector, influxdb, redis } from './telemetry-services.js';
import { volumesOf } from './volumes.js';

const MIB = 1024 ** 2;

const SMALL: Resources = {
  requests: { cpu: 0.1, memory: 64 * MIB },
  limits: { cpu: 0.5, memory: 256 * MIB },
};
const DATABASE: Resources = { requests: SMALL.requests, limits: { cpu: 0.5, memory: 512 * MIB } };
const REDIS_MEMORY = '64mb';
/** Host ports from the collector's own on: so many can run when it is scaled. */
const REPLICAS = 10;

/**
 * docker-compose.yml: a collector, an InfluxDB and a Redis for a developer's machine, within small limits.
 * SCALING_ENABLED=true lets collectors share targets, breakers and limits; without it each is alone.
 */
export function development({ stack }: Plan): ComposeFile {
  const plan = planStack({
    ...stack,
    collectors: { ...stack.collectors, min: 1, resources: SMALL },
    backends: { ...stack.backends, replicas: 1, resources: DATABASE },
    redis: { ...stack.redis, resources: SMALL },
    proxy: { ...stack.proxy, tls: undefined },
  });
  const site = composeSite(plan);
  const { port } = stack.collectors;
  const [name] = plan.collectors.services as [string];
  const [database] = site.backends as [(typeof site.backends)[number]];
  const services: Record<string, ComposeService> = {
    [name]: {
      ...withoutProxy(collector(plan, site, name), { SCALING_ENABLED: variable('SCALING_ENABLED', 'false') }),
      ports: [`127.0.0.1:${port}-${port + REPLICAS - 1}:${port}`],
    },
    [database.name]: {
      ...influxdb(plan, database.name),
      networks: { back: {}, targets: {} },
      ports: [`127.0.0.1:${database.port}:${database.port}`],
    },
    redis: redis(plan, REDIS_MEMORY),
  };
  return { services, networks: { back: { internal: true }, targets: {} }, volumes: volumesOf(services) };
}

/** Nobody is there to hand over to. */
function withoutProxy(service: ComposeService, further: Readonly<Record<string, string>>): ComposeService {
  const { HANDOVER_URL: _, ...environment } = service.environment ?? {};
  return { ...service, environment: { ...environment, ...further } };
}
