import { showDuration } from '../../file/units.js';
import { formatAddress } from '../../plan/format-address.js';
import type { Plan } from '../../plan/plan.js';
import type { Site } from '../../plan/site.js';
import { REDIS_EXPORTER_USER } from '../redis/start-script.js';
import type { ComposeService } from './compose-file.js';
import { common, literal, on, pageAnswers, type Resources, secret, secretFolders, startedAfter } from './service.js';

const MIB = 1024 ** 2;

const PROMETHEUS: Resources = {
  requests: { cpu: 0.25, memory: 512 * MIB },
  limits: { cpu: 1, memory: 2048 * MIB },
};
const SMALL: Resources = {
  requests: { cpu: 0.05, memory: 32 * MIB },
  limits: { cpu: 0.25, memory: 128 * MIB },
};
const CADVISOR: Resources = {
  requests: { cpu: 0.1, memory: 128 * MIB },
  limits: { cpu: 0.5, memory: 256 * MIB },
};

/** On this machine alone: neither asks who is there. */
const here = (port: number): string => `127.0.0.1:${port}:${port}`;

/** It scrapes what is in the back network, and everything that watches. SIGHUP reads its files again. */
export function prometheus({ stack: { monitoring } }: Plan): ComposeService {
  const { image, port, retention } = monitoring.prometheus;
  return {
    image: literal(image),
    command: [
      '--config.file=/etc/prometheus/prometheus.yml',
      '--storage.tsdb.path=/prometheus',
      `--storage.tsdb.retention.time=${showDuration(retention)}`,
      `--web.listen-address=:${port}`,
    ],
    ports: [here(port)],
    networks: on('back', 'monitoring'),
    volumes: ['./prometheus:/etc/prometheus:ro', 'prometheus-data:/prometheus'],
    healthcheck: pageAnswers(port, '/-/ready', 60),
    stop_grace_period: '60s',
    ...common(PROMETHEUS),
  };
}

export function alertmanager({ stack: { monitoring } }: Plan): ComposeService {
  const { image, port, receivers, smtp } = monitoring.alertmanager;
  const files = receivers.flatMap(({ webhook, slack, pagerduty }) => [webhook, slack?.urlFile, pagerduty?.keyFile]);
  return {
    image: literal(image),
    command: [
      '--config.file=/etc/prometheus/alertmanager.yml',
      '--storage.path=/alertmanager',
      `--web.listen-address=:${port}`,
      // There is one: it gossips with nobody.
      '--cluster.listen-address=',
    ],
    ports: [here(port)],
    networks: on('monitoring'),
    volumes: [
      './prometheus:/etc/prometheus:ro',
      ...secretFolders([...files, smtp?.passwordFile]),
      'alertmanager-data:/alertmanager',
    ],
    healthcheck: pageAnswers(port, '/-/ready'),
    stop_grace_period: '10s',
    ...common(SMALL),
  };
}

export function redisExporter({ stack: { monitoring } }: Plan, site: Site): ComposeService {
  return {
    image: literal(monitoring.exporters.redis),
    environment: {
      REDIS_ADDR: `redis://${formatAddress(site.redis)}`,
      REDIS_USER: REDIS_EXPORTER_USER,
      REDIS_PASSWORD: secret('REDIS_EXPORTER_PASSWORD'),
    },
    depends_on: startedAfter([site.redis.name]),
    networks: on('back'),
    healthcheck: pageAnswers(9121, '/health'),
    stop_grace_period: '10s',
    ...common(SMALL),
  };
}

/** The machine's processors, memory and disks. What it says of networks is of its own container. */
export function nodeExporter({ stack: { monitoring } }: Plan): ComposeService {
  return {
    image: literal(monitoring.exporters.node),
    command: ['--path.rootfs=/host'],
    networks: on('monitoring'),
    pid: 'host',
    volumes: ['/:/host:ro'],
    healthcheck: pageAnswers(9100, '/'),
    stop_grace_period: '10s',
    ...common(SMALL),
  };
}

export function cadvisor({ stack: { monitoring } }: Plan): ComposeService {
  return {
    image: literal(monitoring.exporters.cadvisor),
    command: [
      '--docker_only=true',
      // Of a container's labels those that say which service it is.
      '--store_container_labels=false',
      '--whitelisted_container_labels=com.docker.compose.project,com.docker.compose.service',
    ],
    networks: on('monitoring'),
    devices: ['/dev/kmsg:/dev/kmsg'],
    volumes: [
      '/:/rootfs:ro',
      '/var/run:/var/run:ro',
      '/sys:/sys:ro',
      '/var/lib/docker:/var/lib/docker:ro',
      '/dev/disk:/dev/disk:ro',
    ],
    tmpfs: ['/tmp'],
    healthcheck: pageAnswers(8080, '/healthz'),
    stop_grace_period: '10s',
    ...common(CADVISOR),
  };
}
