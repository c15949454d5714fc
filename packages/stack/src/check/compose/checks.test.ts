import { describe, expect, it } from 'vitest';
import { parseStack } from '../../file/parse.js';
import { HaproxyConfig } from '../../haproxy/haproxy-config.js';
import { planStack } from '../../plan/plan.js';
import { renderCompose } from '../../render/compose/compose.js';
import { renderHaproxy } from '../../render/haproxy/haproxy.js';
import { renderMonitoring } from '../../render/monitoring/monitoring.js';
import { YamlSource } from '../../source/yaml-source.js';
import { NO_ARTIFACTS } from '../artifacts.js';
import { composeChecks } from './checks.js';

const reference = (variable: string) => `\${${variable}}`;

const limits = 'deploy: { resources: { limits: { cpus: "0.5", memory: 512M } } }';
const healthcheck = 'healthcheck: { test: [CMD, "true"] }';
const collector = (name: string) => `
  ${name}:
    image: acme/collector:1
    environment: { TARGETS_FILE: /etc/t/targets.yaml, INFLUX_URLS: "http://influx:8086", DATA_DIR: /data, PORT: "8080", DRAIN_TIMEOUT: "25" }
    networks: { back: { aliases: [collector] } }
    volumes: [./targets:/etc/t:ro, ${name}-log:/data]
    stop_grace_period: 30s
    ${healthcheck}
    ${limits}`;

/** A stack of a user's own, in which nothing is wrong. */
const GOOD = {
  compose: `services:${collector('one')}${collector('two')}
  influx:
    image: influxdb:2.7
    environment: { DOCKER_INFLUXDB_INIT_PASSWORD: "\${INFLUX_PASSWORD:?}", TZ: UTC }
    networks: [back]
    volumes: [influx-data:/var/lib/influxdb2]
    ${healthcheck}
    ${limits}
  redis:
    image: redis:7-alpine
    command: [redis-server, --maxmemory, 256mb]
    networks: [back]
    ${healthcheck}
    ${limits}
  proxy:
    image: haproxy:2.6
    depends_on: { influx: { condition: service_healthy } }
    ports: ["8086:8086", "127.0.0.1:8404:8404"]
    networks: [back, front]
    volumes: [./haproxy:/usr/local/etc/haproxy:ro]
    stop_grace_period: 1m5s
    ${healthcheck}
    ${limits}
  prometheus:
    image: prom/prometheus:v2.53.0
    networks: [back]
    volumes: [./prometheus:/etc/prometheus:ro]
    ${healthcheck}
    ${limits}
networks: { back: {}, front: {} }
volumes: { one-log: {}, two-log: {}, influx-data: {} }
`,
  haproxy: `global
  hard-stop-after 60s
frontend write
  bind :8086
  default_backend collectors
frontend stats
  bind :8404
backend collectors
  server-template c 1-4 collector:8080 check
backend influx
  server i influx:8086 check
  server elsewhere 10.0.0.1:8086 check
`,
  prometheus: `scrape_configs:
  - job_name: collectors
    dns_sd_configs: [{ names: [collector], type: A, port: 8080 }]
  - job_name: rest
    static_configs:
      - targets: ["influx:8086", "proxy:8404", "localhost:9090", "db.example.test:9100"]
`,
};

type Files = typeof GOOD;

const artifactsOf = ({ compose, haproxy, prometheus }: Files) => ({
  ...NO_ARTIFACTS,
  compose: [new YamlSource('compose.yml', compose)],
  haproxy: [new HaproxyConfig('haproxy.cfg', haproxy)],
  prometheus: [new YamlSource('prometheus.yml', prometheus)],
});

const findings = (artifacts: ReturnType<typeof artifactsOf>) =>
  composeChecks.flatMap(({ id, run }) =>
    run(artifacts).map(({ file, line, message, fix }) => ({ id, at: `${file}:${line}`, message, fix })),
  );

/** The good files with one thing changed: its first occurrence. */
function broken(file: keyof Files, from: string | RegExp, to: string): Files {
  const text = GOOD[file].replace(from, to);
  if (text === GOOD[file]) throw new Error(`${String(from)} is not in ${file}`);
  return { ...GOOD, [file]: text };
}

const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

describe('a Compose file', () => {
  it('that is right has no finding', () => {
    expect(findings(artifactsOf(GOOD))).toEqual([]);
  });

  it.each<[id: string, file: keyof Files, from: string | RegExp, to: string, message: string, fix: string]>([
    [
      'compose-dependencies',
      'compose',
      'depends_on: { influx: ',
      'depends_on: { influxx: ',
      'service proxy: depends on influxx, which is no service here',
      'did you mean influx?',
    ],
    [
      'compose-dependencies',
      'compose',
      /(influx-data:\/var\/lib\/influxdb2\]\n) +healthcheck.*\n/,
      '$1',
      'service proxy: waits until influx is healthy, and influx has no health check: it is never started',
      'give influx a healthcheck, or write condition: service_started',
    ],
    [
      'compose-definitions',
      'compose',
      'networks: { back: {}, front: {} }',
      'networks: { back: {} }',
      'service proxy: network front is not defined',
      'add front under networks',
    ],
    [
      'compose-definitions',
      'compose',
      'two-log: {}, ',
      '',
      'service two: volume two-log is not defined',
      'add two-log under volumes',
    ],
    [
      'compose-proxy-servers',
      'haproxy',
      'server i influx:8086',
      'server i influxdb-1:8086',
      'backend influx: influxdb-1 is no service of compose.yml',
      'write one of one, two, influx, redis, proxy, prometheus',
    ],
    [
      'compose-proxy-servers',
      'haproxy',
      'collector:8080',
      'collector:8081',
      'backend collectors: one listens on 8080, not on 8081 (compose.yml)',
      'write port 8080',
    ],
    [
      'compose-proxy-servers',
      'compose',
      'networks: [back, front]',
      'networks: [front]',
      'backend collectors: proxy and one share no network (compose.yml)',
      'put both into one network: proxy is in front, one in back',
    ],
    [
      'compose-scrape-targets',
      'prometheus',
      'names: [collector]',
      'names: [colector]',
      'job collectors: colector is no service of compose.yml',
      'did you mean collector?',
    ],
    [
      'compose-scrape-targets',
      'prometheus',
      'proxy:8404',
      'proxy:8405',
      'job rest: proxy listens on 8086, 8404, not on 8405 (compose.yml)',
      'write port 8086 or 8404',
    ],
    [
      'compose-published-data',
      'compose',
      'image: redis:7-alpine',
      'image: redis:7-alpine\n    ports: ["6379:6379"]',
      'service redis: redis is published on port 6379 of every address, past the proxy and past the firewall',
      'leave ports out, or begin with 127.0.0.1:',
    ],
    [
      'compose-published-ports',
      'compose',
      '127.0.0.1:8404:8404',
      '127.0.0.1:8404:8405',
      'service proxy: publishes 8405, and no frontend of HAProxy binds it',
      'publish 8086, 8404',
    ],
    [
      'compose-published-ports',
      'compose',
      'image: prom/prometheus:v2.53.0',
      'image: prom/prometheus:v2.53.0\n    ports: ["8404:9090"]',
      'service prometheus: publishes port 8404 of the machine, as service proxy does',
      'give each a port of its own',
    ],
    [
      'compose-secrets',
      'compose',
      reference('INFLUX_PASSWORD:?'),
      reference('INFLUX_PASSWORD:-admin'),
      'service influx: DOCKER_INFLUXDB_INIT_PASSWORD has a default (5 characters, not shown): who sets nothing runs with a password that everybody knows',
      `write ${reference('DOCKER_INFLUXDB_INIT_PASSWORD:?')} and put it into .env`,
    ],
    [
      'compose-secrets',
      'compose',
      reference('INFLUX_PASSWORD:?'),
      'hunter2',
      'service influx: DOCKER_INFLUXDB_INIT_PASSWORD is written into the file (not shown)',
      `write ${reference('DOCKER_INFLUXDB_INIT_PASSWORD:?')} and put it into .env`,
    ],
    [
      'compose-secrets',
      'compose',
      'redis-server, --maxmemory',
      'redis-server, --requirepass, hunter2, --maxmemory',
      'service redis: a secret is on the command line, after --requirepass: whoever sees the processes reads it',
      'give it through the environment or a file',
    ],
    [
      'compose-rights',
      'compose',
      'image: prom/prometheus:v2.53.0',
      'image: prom/prometheus:v2.53.0\n    privileged: true',
      'service prometheus: is privileged: it may do what root may on this machine',
      'name the capability that it needs under cap_add',
    ],
    [
      'compose-rights',
      'compose',
      '[./prometheus:/etc/prometheus:ro]',
      '["/var/run/docker.sock:/var/run/docker.sock:ro"]',
      'service prometheus: has the socket of the Docker engine, and with it the machine, read-only or not',
      'leave it out',
    ],
    [
      'compose-images',
      'compose',
      'haproxy:2.6',
      'haproxy:latest',
      'service proxy: image haproxy:latest is another one tomorrow: containers of one service would differ',
      'write the version that you tested',
    ],
    [
      'compose-health',
      'compose',
      /(256mb\]\n.*\n) +healthcheck.*\n/,
      '$1',
      'service redis: has no health check: one that hangs counts as running',
      'add a healthcheck that asks it',
    ],
    [
      'compose-health',
      'compose',
      /(256mb\]\n.*\n) +healthcheck.*\n/,
      '$1    healthcheck: { disable: true }\n',
      'service redis: its health check is switched off: one that hangs counts as running',
      'add a healthcheck that asks it',
    ],
    [
      'compose-limits',
      'compose',
      /limits: \{ cpus: "0.5", memory: 512M \}/,
      'limits: { cpus: "0.5" }',
      'service one: has no limit of memory: when it runs away, all others starve',
      'add deploy.resources.limits with memory',
    ],
    [
      'compose-stop-grace',
      'compose',
      'stop_grace_period: 30s',
      'stop_grace_period: 20s',
      'service one: stop_grace_period 20s is less than DRAIN_TIMEOUT 25 s and 2 s to close: it is killed before it has drained',
      'write 30s',
    ],
    [
      'compose-stop-grace',
      'compose',
      '    stop_grace_period: 30s\n',
      '',
      'service one: stop_grace_period 10s (the default) is less than DRAIN_TIMEOUT 25 s and 2 s to close: it is killed before it has drained',
      'write 30s',
    ],
    [
      'compose-stop-grace',
      'haproxy',
      'hard-stop-after 60s',
      'hard-stop-after 2m',
      'service proxy: stop_grace_period 1m5s is less than hard-stop-after 2m (haproxy.cfg:2): it is killed before it has drained',
      'write 123s',
    ],
    [
      'compose-redis-memory',
      'compose',
      '256mb',
      '512mb',
      'service redis: its memory limit, 536870912 bytes, is not above maxmemory, 536870912: it is killed before it is full',
      'write more than 640M, or a smaller maxmemory',
    ],
    [
      'compose-words',
      'compose',
      'TZ: UTC',
      'SHARED: true',
      'service influx: SHARED is the truth value true, not a text',
      'write "true"',
    ],
    [
      'compose-scalable',
      'compose',
      'image: acme/collector:1',
      'image: acme/collector:1\n    container_name: the-one',
      'service one: container_name the-one is of one container, so that --scale one=2 fails',
      'leave it out; a network alias is a name for all',
    ],
    [
      'compose-scalable',
      'compose',
      'image: acme/collector:1',
      'image: acme/collector:1\n    hostname: the-one',
      'service one: hostname the-one is the same for every replica, and collectors are called after it',
      'leave it out',
    ],
    [
      'compose-scalable',
      'compose',
      'image: acme/collector:1',
      'image: acme/collector:1\n    ports: ["8080:8080"]',
      'service one: port 8080 of the machine is for one container, so that --scale one=2 fails',
      'leave it to the proxy, or publish a range of ports',
    ],
    [
      'compose-replicas',
      'haproxy',
      '1-4 collector',
      '1 collector',
      'backend collectors: 1 slots for 2 collectors of compose.yml: the others get no traffic',
      'write 2 slots or more',
    ],
    [
      'compose-volumes',
      'compose',
      'two-log:/data',
      'one-log:/data',
      'service two: volume one-log is written by service one too: when it is full or gone, both have lost theirs',
      'give it a volume of its own, such as two-data',
    ],
    [
      'compose-log-volume',
      'compose',
      ', two-log:/data',
      '',
      'service two: its log is in /data, on no volume: what waits there is gone with the container',
      'mount a volume at /data',
    ],
    [
      'compose-mounted-file',
      'compose',
      './haproxy:/usr/local/etc/haproxy:ro',
      './haproxy/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro',
      'service proxy: ./haproxy/haproxy.cfg is mounted as one file: most editors replace a file, and /usr/local/etc/haproxy/haproxy.cfg would stay the old one at every reload',
      'mount its folder: ./haproxy:/usr/local/etc/haproxy:ro',
    ],
  ])('is told: %s in %s, %s → %s', (id, file, from, to, message, fix) => {
    const found = findings(artifactsOf(broken(file, from, to)));
    expect(found).toContainEqual({
      id,
      at: expect.stringMatching(/^(?:compose\.yml|haproxy\.cfg|prometheus\.yml):\d+$/),
      message,
      fix,
    });
  });

  it('is told with the line where it stands', () => {
    const files = broken('compose', 'image: redis:7-alpine', 'image: redis:7-alpine\n    ports:\n      - "6379:6379"');
    const [finding] = findings(artifactsOf(files));
    expect(finding?.at).toBe(`compose.yml:${lineOf(files.compose, '- "6379:6379"')}`);
  });

  it('never shows a secret', () => {
    const found = findings(artifactsOf(broken('compose', reference('INFLUX_PASSWORD:?'), 'hunter2')));
    expect(found).toHaveLength(1);
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  it.each([
    'collectors: { targetCidrs: [10.0.0.0/8] }',
    'collectors: { targetCidrs: [10.0.0.0/8], min: 1, max: 40, drain: { timeout: 90s } }\nbackends: { replicas: 3 }',
  ])('that is rendered from %s has no finding', (stack) => {
    const plan = planStack(parseStack(`apiVersion: breakwater/v1\nkind: Stack\n${stack}\n`, 'stack.yaml').stack);
    const files = [...renderCompose(plan), ...renderHaproxy(plan), ...renderMonitoring(plan)];
    const named = (pattern: RegExp) => files.filter(({ path }) => pattern.test(path));
    const artifacts = {
      ...NO_ARTIFACTS,
      plan,
      compose: named(/^docker-compose/).map(({ path, text }) => new YamlSource(path, text)),
      haproxy: named(/\.cfg$/).map(({ path, text }) => new HaproxyConfig(path, text)),
      prometheus: named(/prometheus\.yml$/).map(({ path, text }) => new YamlSource(path, text)),
    };
    expect(artifacts.compose).toHaveLength(2);
    expect(findings(artifacts)).toEqual([]);
  });

  it('that starts fewer collectors than the stack file says is told', () => {
    const plan = planStack(
      parseStack('apiVersion: breakwater/v1\nkind: Stack\ncollectors: { targetCidrs: [10.0.0.0/8] }\n', 'stack.yaml')
        .stack,
    );
    const found = findings({ ...artifactsOf(GOOD), plan } as ReturnType<typeof artifactsOf>);
    expect(found.map(({ message }) => message)).toContain(
      '2 collectors start, and collectors.min of the stack file is 3: network-telemetry-1, network-telemetry-2, network-telemetry-3 is missing',
    );
  });
});
