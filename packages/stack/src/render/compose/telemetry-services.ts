import { basename, dirname } from 'node:path/posix';
import { showDuration } from '../../file/units.js';
import { collectorEnvironment } from '../../plan/collector-environment.js';
import type { Plan } from '../../plan/plan.js';
import type { Site } from '../../plan/site.js';
import type { ComposeService } from './compose-file.js';
import {
  commandSucceeds,
  common,
  environmentOf,
  literal,
  on,
  pageAnswers,
  secret,
  secretFile,
  startedAfter,
} from './service.js';

/** Where the folder of the targets file is in a collector. A folder: a file that is replaced stays the old one in its mount. */
const TARGETS = '/etc/telemetry';

/** The user `node` of the collector's image; it owns the folder that the log's volume is mounted on. */
const DATA = '/var/lib/telemetry';

/**
 * One of the collectors. It has no container name, so that it can be scaled; all answer to one alias, which the proxy
 * resolves. It runs without InfluxDB and without Redis, so it waits for neither.
 */
export function collector(plan: Plan, site: Site, service: string): ComposeService {
  const { collectors, proxy } = plan.stack;
  return {
    image: literal(collectors.image),
    ...(collectors.build !== undefined && { build: { context: '.', dockerfile: literal(collectors.build) } }),
    environment: {
      ...environmentOf(collectorEnvironment(plan, site)),
      TARGETS_FILE: literal(`${TARGETS}/${basename(collectors.targets)}`),
      DATA_DIR: DATA,
    },
    depends_on: startedAfter([site.redis.name, ...site.backends.map(({ name }) => name)]),
    networks: { back: { aliases: [plan.collectors.name] }, targets: {} },
    volumes: [
      `./${literal(dirname(collectors.targets))}:${TARGETS}:ro`,
      ...secretFile(proxy.tls?.ca),
      `${service}-log:${DATA}`,
    ],
    tmpfs: ['/tmp'],
    healthcheck: commandSucceeds(['CMD', 'node', 'dist/health-check.js']),
    stop_grace_period: showDuration(plan.collectors.graceS),
    ...common(collectors.resources),
  };
}

/** An InfluxDB that is set up at its first start, with the same organisation, bucket and token as the others. */
export function influxdb({ stack: { backends } }: Plan, service: string): ComposeService {
  return {
    image: literal(backends.image),
    user: '1000:1000',
    environment: {
      DOCKER_INFLUXDB_INIT_MODE: 'setup',
      DOCKER_INFLUXDB_INIT_USERNAME: 'admin',
      DOCKER_INFLUXDB_INIT_PASSWORD: secret('INFLUX_ADMIN_PASSWORD'),
      DOCKER_INFLUXDB_INIT_ADMIN_TOKEN: secret('INFLUX_TOKEN'),
      DOCKER_INFLUXDB_INIT_ORG: literal(backends.org),
      DOCKER_INFLUXDB_INIT_BUCKET: literal(backends.bucket),
      DOCKER_INFLUXDB_INIT_RETENTION: `${Math.ceil(backends.retention)}s`,
      INFLUXD_HTTP_BIND_ADDRESS: `:${backends.port}`,
      INFLUXD_REPORTING_DISABLED: 'true',
    },
    networks: on('back'),
    volumes: [`${service}-data:/var/lib/influxdb2`, `${service}-config:/etc/influxdb2`],
    tmpfs: ['/tmp'],
    healthcheck: pageAnswers(backends.port, '/ping', 60),
    stop_grace_period: '60s',
    ...common(backends.resources),
  };
}

/** Redis keeps nothing on disk: after a restart the collectors tell it anew who they are. */
export function redis({ stack }: Plan, maxMemory?: string): ComposeService {
  return {
    image: literal(stack.redis.image),
    user: '999:1000',
    command: ['sh', '/etc/redis/start.sh', ...(maxMemory === undefined ? [] : ['--maxmemory', maxMemory])],
    environment: {
      REDIS_PASSWORD: secret('REDIS_PASSWORD'),
      REDIS_EXPORTER_PASSWORD: secret('REDIS_EXPORTER_PASSWORD'),
    },
    networks: on('back'),
    volumes: ['./deploy/redis:/etc/redis:ro'],
    tmpfs: ['/run/redis:uid=999,mode=0700', '/data:uid=999,mode=0700'],
    healthcheck: commandSucceeds(['CMD-SHELL', `redis-cli -p ${stack.redis.port} ping | grep -q PONG`], 5),
    stop_grace_period: '10s',
    ...common(stack.redis.resources),
  };
}
