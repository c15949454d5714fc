import { describe, expect, it } from 'vitest';
import { parseStack } from '../../file/parse.js';
import { planStack } from '../../plan/plan.js';
import { YamlSource } from '../../source/yaml-source.js';
import { renderCompose } from './compose.js';

const HEAD = 'apiVersion: breakwater/v1\nkind: Stack\n';
const PLAIN = `${HEAD}collectors: { targetCidrs: [10.0.0.0/8] }\n`;

const planOf = (text: string) => planStack(parseStack(text, 'stack.yaml').stack);
const render = (text: string) => new Map(renderCompose(planOf(text)).map((file) => [file.path, file.text]));

type Service = Record<string, unknown> & { environment?: Record<string, unknown> };

function servicesOf(text: string, file = 'docker-compose.ha.yml'): Record<string, Service> {
  const [document] = new YamlSource(file, render(text).get(file)!).documents;
  return document!.at(['services']) as Record<string, Service>;
}

describe('docker-compose.ha.yml', () => {
  const services = servicesOf(PLAIN);

  it('has every service that the briefs name, and the exporters that Prometheus asks', () => {
    expect(Object.keys(services)).toEqual([
      'load-balancer',
      'network-telemetry-1',
      'network-telemetry-2',
      'network-telemetry-3',
      'influxdb-1',
      'influxdb-2',
      'redis',
      'grafana-1',
      'grafana-2',
      'grafana-db',
      'prometheus',
      'alertmanager',
      'redis-exporter',
      'node-exporter',
      'cadvisor',
    ]);
    expect(services['load-balancer']).toMatchObject({ container_name: 'telemetry-lb' });
  });

  it.each(Object.entries(services))('%s is bounded, checked, and cannot write its root', (_, service) => {
    expect(service).toMatchObject({
      read_only: true,
      init: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      healthcheck: { test: expect.any(Array) },
      deploy: { resources: { limits: { cpus: expect.any(String), memory: expect.stringMatching(/^\d+M$/) } } },
      logging: { options: { 'max-size': '10m' } },
      stop_grace_period: expect.any(String),
    });
  });

  it.each(planOf(PLAIN).secrets.map(({ variable }) => variable))('takes %s from the environment alone', (variable) => {
    const uses = Object.values(services)
      .flatMap(({ environment = {} }) => Object.values(environment))
      .filter((value) => String(value).includes(`\${${variable}`));
    expect(uses.length).toBeGreaterThan(0);
    for (const use of uses) expect(use).toBe(`\${${variable}:?is not set: see .env.example}`);
  });

  it('publishes nothing of what is behind the proxy', () => {
    const published = Object.entries(services).filter(([, { ports }]) => ports !== undefined);
    expect(published.map(([name]) => name)).toEqual(['load-balancer', 'prometheus', 'alertmanager']);
  });

  it('follows the stack file', () => {
    const wide = servicesOf(
      `${HEAD}collectors: { targetCidrs: [10.0.0.0/8], min: 5, drain: { timeout: 90s }, targets: mine/t.yaml, settings: { LOG_LEVEL: debug } }\nbackends: { replicas: 3, port: 9999 }\n`,
    );
    expect(Object.keys(wide).filter((name) => /^(?:network-telemetry|influxdb)-/.test(name))).toHaveLength(8);
    expect(wide['network-telemetry-5']).toMatchObject({
      stop_grace_period: '100s',
      volumes: ['./mine:/etc/telemetry:ro', 'network-telemetry-5-log:/var/lib/telemetry'],
      environment: {
        DRAIN_TIMEOUT: '90',
        LOG_LEVEL: 'debug',
        TARGETS_FILE: '/etc/telemetry/t.yaml',
        INFLUX_URLS: 'http://influxdb-1:9999,http://influxdb-2:9999,http://influxdb-3:9999',
      },
    });
  });
});

describe('secrets in files', () => {
  it('are mounted where the stack file says that they are', () => {
    const services = servicesOf(
      `${PLAIN}proxy: { tls: { certificate: /run/tls/site.pem } }
monitoring: { alertmanager: { receivers: [{ name: on-call, pagerduty: { keyFile: /run/keys/pagerduty } }, { name: chat, webhook: /run/keys/chat }] } }
`,
    );
    expect(services['load-balancer']!['volumes']).toContain('./secrets:/run/tls:ro');
    const mounts = services['alertmanager']!['volumes'] as string[];
    expect(mounts.filter((mount) => mount.startsWith('./secrets'))).toEqual(['./secrets:/run/keys:ro']);
  });
});

describe('the authority that signed the certificate of the proxy', () => {
  const tls = (keys: string) => `${PLAIN}proxy: { tls: { certificate: /run/tls/site.pem${keys} } }\n`;
  const CA = ', ca: /etc/ssl/own/ca.pem';

  it('is what collectors hand over by, and the one file of the secrets that they see', () => {
    const services = servicesOf(tls(CA));
    for (const name of planOf(tls(CA)).collectors.services) {
      expect(services[name]!.environment).toMatchObject({
        HANDOVER_URL: 'https://load-balancer:8080',
        HANDOVER_CA_FILE: '/etc/ssl/own/ca.pem',
      });
      const mounts = services[name]!['volumes'] as string[];
      expect(mounts.filter((mount) => mount.includes('secrets'))).toEqual(['./secrets/ca.pem:/etc/ssl/own/ca.pem:ro']);
    }
  });

  it('concerns the collectors alone', () => {
    const others = (text: string) =>
      Object.entries(servicesOf(text)).filter(([name]) => !name.startsWith('network-telemetry'));
    expect(others(tls(CA))).toEqual(others(tls('')));
  });

  it('is a public one where none is named', () => {
    const text = render(tls('')).get('docker-compose.ha.yml')!;
    expect(text).not.toContain('HANDOVER_CA_FILE');
    expect(text.match(/\.\/secrets.*/g)).toEqual(['./secrets:/run/tls:ro']);
  });

  it('is of no use in the small stack, which has no proxy', () => {
    expect(render(tls(CA)).get('docker-compose.yml')).toBe(render(PLAIN).get('docker-compose.yml'));
  });
});

describe('docker-compose.yml', () => {
  it('is a small one, whose collector shares nothing unless it is told to', () => {
    const services = servicesOf(PLAIN, 'docker-compose.yml');
    expect(Object.keys(services)).toEqual(['network-telemetry-1', 'influxdb-1', 'redis']);
    const { environment } = services['network-telemetry-1']!;
    expect(environment).toMatchObject({ SCALING_ENABLED: `\${SCALING_ENABLED:-false}` });
    expect(environment).not.toHaveProperty('HANDOVER_URL');
  });
});

describe('.env.example', () => {
  const text = render(PLAIN).get('.env.example')!;

  it('has every secret once, without a value', () => {
    const names = planOf(PLAIN).secrets.map(({ variable }) => variable);
    expect(text.match(/^[A-Z].*$/gm)).toEqual(names.map((name) => `${name}=`));
  });
});
