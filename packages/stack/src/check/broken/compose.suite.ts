import { across, alone, type Broken } from './broken.suite.js';

const COMPOSE = 'docker-compose.ha.yml';

export const composeBreaks: readonly Broken[] = [
  across(
    'a Prometheus that no network leads to the exporters',
    (stack) => stack.change(COMPOSE, '      monitoring: {}\n', '', { after: '  prometheus:\n' }),
    {
      check: 'compose-scrape-targets',
      file: 'prometheus/prometheus.yml',
      at: '- …:…',
      says: '…: prometheus and … share no network (docker-compose.ha.yml); put both into one network: prometheus is in back, … in monitoring',
      times: 4,
    },
  ),
  across(
    'an Alertmanager on another port than Prometheus sends to',
    (stack) =>
      stack
        .change(COMPOSE, '--web.listen-address=:9093', '--web.listen-address=:9094')
        .change(COMPOSE, '127.0.0.1:9093:9093', '127.0.0.1:9094:9094'),
    {
      check: 'compose-scrape-targets',
      file: 'prometheus/prometheus.yml',
      at: '- alertmanager:9093',
      says: '…: alertmanager listens on 9094, not on 9093 (docker-compose.ha.yml); write port 9094',
      times: 2,
    },
  ),
  across(
    'fewer collectors than the stack file says',
    (stack) => {
      const whole = stack.text(COMPOSE);
      const service = whole.slice(
        whole.indexOf('  network-telemetry-3:\n    image'),
        whole.indexOf('  influxdb-1:\n    image'),
      );
      return stack
        .change(COMPOSE, service, '')
        .change(COMPOSE, '      network-telemetry-3:\n        condition: service_started\n', '')
        .change(COMPOSE, '  network-telemetry-3-log: {}\n', '');
    },
    {
      check: 'compose-replicas',
      file: 'docker-compose.ha.yml',
      at: 'services:',
      says: '2 collectors start, and collectors.min of the stack file is 3: network-telemetry-3 is missing; run breakwater generate, or change collectors.min',
    },
    {
      check: 'compose-scrape-targets',
      file: 'prometheus/prometheus.yml',
      at: '- network-telemetry-3',
      says: 'job network-telemetry: network-telemetry-3 is no service of docker-compose.ha.yml; did you mean network-telemetry?',
    },
  ),
  across(
    'a limit of memory below what Redis may fill',
    (stack) => stack.change(COMPOSE, 'memory: 384M', 'memory: 192M', { after: '  redis:\n    image' }),
    {
      check: 'compose-redis-memory',
      file: 'docker-compose.ha.yml',
      at: 'limits:',
      says: 'service redis: its memory limit, 201326592 bytes, is not above maxmemory, 268435456: it is killed before it is full; write more than 320M, or a smaller maxmemory',
    },
  ),
  across(
    'an exporter that Prometheus asks under another name',
    (stack) => stack.change(COMPOSE, '  redis-exporter:\n', '  redis-metrics:\n'),
    {
      check: 'compose-scrape-targets',
      file: 'prometheus/prometheus.yml',
      at: '- redis-exporter:9121',
      says: 'job redis: redis-exporter is no service of docker-compose.ha.yml; write one of telemetry-lb, network-telemetry, redis, grafana-db, prometheus, redis-metrics',
    },
  ),
  across(
    'collectors that sign in as a user whom Redis does not know',
    (stack) => stack.changeAll(COMPOSE, 'REDIS_USERNAME: telemetry', 'REDIS_USERNAME: collector'),
    {
      check: 'compose-redis-user',
      file: 'docker-compose.ha.yml',
      at: 'REDIS_USERNAME: collector',
      says: 'service … signs in to redis as collector, whom its ACL does not know: every command is refused; users there are default, telemetry, exporter',
      times: 3,
    },
  ),
  across(
    'a targets file that is not in the mounted folder',
    (stack) =>
      stack.changeAll(
        COMPOSE,
        'TARGETS_FILE: /etc/telemetry/targets.yaml',
        'TARGETS_FILE: /etc/telemetry/devices.yaml',
      ),
    {
      check: 'compose-targets-file',
      file: 'docker-compose.ha.yml',
      at: 'TARGETS_FILE: /etc/telemetry/devices.yaml',
      says: 'service … TARGETS_FILE /etc/telemetry/devices.yaml is deploy/devices.yaml here, and collectors.targets of the stack file is deploy/targets.yaml; write /etc/telemetry/targets.yaml, or change collectors.targets',
      times: 3,
    },
  ),
  alone(
    'less time to stop than the drain takes',
    (stack) => stack.change(COMPOSE, 'stop_grace_period: 35s', 'stop_grace_period: 20s'),
    {
      check: 'compose-stop-grace',
      file: 'docker-compose.ha.yml',
      at: 'stop_grace_period: 20s',
      says: 'service network-telemetry-1: stop_grace_period 20s is less than DRAIN_TIMEOUT 25 s and 2 s to close: it is killed before it has drained; write 30s',
    },
  ),
  alone(
    'admin/admin unless somebody sets another password',
    (stack) =>
      stack.change(COMPOSE, 'GRAFANA_ADMIN_PASSWORD:?is not set: see .env.example', 'GRAFANA_ADMIN_PASSWORD:-admin'),
    {
      check: 'compose-secrets',
      file: 'docker-compose.ha.yml',
      at: 'GF_SECURITY_ADMIN_PASSWORD: "…{GRAFANA_ADMIN_PASSWORD:-admin}"',
      says: 'service grafana-1: GF_SECURITY_ADMIN_PASSWORD has a default (5 characters, not shown): who sets nothing runs with a password that everybody knows; write …{GF_SECURITY_ADMIN_PASSWORD:?} and put it into .env',
    },
  ),
  alone(
    'a database that everybody on the network reaches',
    (stack) =>
      stack.change(
        COMPOSE,
        '    stop_grace_period: 60s\n',
        '    stop_grace_period: 60s\n    ports:\n      - 18086:8086\n',
        {
          after: '  influxdb-1:\n    image',
        },
      ),
    {
      check: 'compose-published-data',
      file: 'docker-compose.ha.yml',
      at: '- 18086:8086',
      says: 'service influxdb-1: influxdb is published on port 18086 of every address, past the proxy and past the firewall; leave ports out, or begin with 127.0.0.1:',
    },
  ),
  alone(
    'collectors that share one log',
    (stack) => stack.change(COMPOSE, '- network-telemetry-2-log:', '- network-telemetry-1-log:'),
    {
      check: 'compose-volumes',
      file: 'docker-compose.ha.yml',
      at: '- network-telemetry-1-log:/var/lib/telemetry',
      says: 'service network-telemetry-2: volume network-telemetry-1-log is written by service network-telemetry-1 too: when it is full or gone, both have lost theirs; give it a volume of its own, such as network-telemetry-2-data',
    },
  ),
  alone(
    'a container name for what is to be scaled',
    (stack) =>
      stack.change(
        COMPOSE,
        '  network-telemetry-1:\n    image',
        '  network-telemetry-1:\n    container_name: collector\n    image',
      ),
    {
      check: 'compose-scalable',
      file: 'docker-compose.ha.yml',
      at: 'container_name: collector',
      says: 'service network-telemetry-1: container_name collector is of one container, so that --scale network-telemetry-1=2 fails; leave it out; a network alias is a name for all',
    },
  ),
];
