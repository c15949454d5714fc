import { showDuration } from '../../file/units.js';
import type { Plan } from '../../plan/plan.js';
import type { ComposeService } from './compose-file.js';
import {
  commandSucceeds,
  common,
  literal,
  on,
  pageAnswers,
  type Resources,
  secret,
  secretFolders,
  startedAfter,
  variable,
} from './service.js';

const MIB = 1024 ** 2;

const PROXY: Resources = {
  requests: { cpu: 0.25, memory: 128 * MIB },
  limits: { cpu: 1, memory: 512 * MIB },
};
const GRAFANA: Resources = {
  requests: { cpu: 0.1, memory: 128 * MIB },
  limits: { cpu: 0.5, memory: 512 * MIB },
};
const DATABASE: Resources = {
  requests: { cpu: 0.1, memory: 128 * MIB },
  limits: { cpu: 0.5, memory: 512 * MIB },
};

/** Which address of this machine clients reach; without it, only those on this machine. */
const PUBLISH = variable('PUBLISH_ADDRESS', '127.0.0.1');

export const GRAFANA_DATABASE = 'grafana-db';

/**
 * The proxy. Its folder is mounted, not its file: a file that is replaced would stay the old one, and a reload read that.
 * SIGUSR1 ends it when its clients have gone, SIGUSR2 is a reload.
 */
export function loadBalancer({ stack, proxy, collectors, backends }: Plan): ComposeService {
  const fronts = [stack.backends.port, stack.grafana.port, stack.collectors.port];
  return {
    image: literal(stack.proxy.image),
    container_name: 'telemetry-lb',
    environment: { PROXY_COOKIE_KEY: secret('PROXY_COOKIE_KEY') },
    depends_on: startedAfter([...collectors.services, ...backends.map(({ name }) => name)]),
    ports: [...fronts.map((port) => `${PUBLISH}:${port}:${port}`), `127.0.0.1:${stack.proxy.port}:${stack.proxy.port}`],
    networks: on('front', 'back'),
    volumes: ['./haproxy:/usr/local/etc/haproxy:ro', ...secretFolders([stack.proxy.tls?.certificate])],
    // By owner, the image's user: at a restart the folder is there already, and its mode goes before the one given here.
    tmpfs: ['/tmp', '/var/run/haproxy:uid=99,mode=0750'],
    healthcheck: pageAnswers(stack.proxy.port, '/ready'),
    stop_signal: 'SIGUSR1',
    stop_grace_period: showDuration(proxy.graceS),
    ...common(PROXY),
  };
}

/** One Grafana: what it is told by users lies in the database that all share, so that any of them can go. */
export function grafana({ stack }: Plan): ComposeService {
  return {
    image: literal(stack.grafana.image),
    environment: {
      GF_SERVER_HTTP_PORT: String(stack.grafana.port),
      GF_SECURITY_ADMIN_PASSWORD: secret('GRAFANA_ADMIN_PASSWORD'),
      GF_SECURITY_SECRET_KEY: secret('GRAFANA_SECRET_KEY'),
      GF_DATABASE_TYPE: 'postgres',
      GF_DATABASE_HOST: `${GRAFANA_DATABASE}:5432`,
      GF_DATABASE_NAME: 'grafana',
      GF_DATABASE_USER: 'grafana',
      GF_DATABASE_PASSWORD: secret('GRAFANA_DB_PASSWORD'),
      GF_DATABASE_SSL_MODE: 'disable',
      // Prometheus alerts: two Grafanas that both evaluate rules would tell everything twice.
      GF_UNIFIED_ALERTING_ENABLED: 'false',
      GF_USERS_ALLOW_SIGN_UP: 'false',
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
      INFLUX_TOKEN: secret('INFLUX_TOKEN'),
    },
    depends_on: { [GRAFANA_DATABASE]: { condition: 'service_healthy' } },
    networks: on('back'),
    volumes: ['./grafana/provisioning:/etc/grafana/provisioning:ro', './grafana/dashboards:/etc/grafana/dashboards:ro'],
    tmpfs: ['/tmp', '/var/lib/grafana:uid=472,mode=0750'],
    healthcheck: pageAnswers(stack.grafana.port, '/api/health', 60),
    stop_grace_period: '30s',
    ...common(GRAFANA),
  };
}

export function grafanaDatabase({ stack }: Plan): ComposeService {
  return {
    image: literal(stack.grafana.database.image),
    user: '70:70',
    environment: {
      POSTGRES_DB: 'grafana',
      POSTGRES_USER: 'grafana',
      POSTGRES_PASSWORD: secret('GRAFANA_DB_PASSWORD'),
    },
    networks: on('back'),
    volumes: [`${GRAFANA_DATABASE}-data:/var/lib/postgresql/data`],
    tmpfs: ['/tmp', '/var/run/postgresql:uid=70,mode=0755'],
    healthcheck: commandSucceeds(['CMD', 'pg_isready', '-U', 'grafana', '-d', 'grafana']),
    // A fast shutdown: sessions are ended, nothing is lost.
    stop_signal: 'SIGINT',
    stop_grace_period: '60s',
    ...common(DATABASE),
  };
}
