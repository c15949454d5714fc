import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { SECRETS } from '../../plan/secrets.js';
import { renderCompose } from '../compose/compose.js';
import { renderGrafana } from './grafana.js';
import { dashboardsOf, planOf } from './grafana.suite.js';
import { provisioning } from './provisioning.js';

const files = (more = '') =>
  new Map(provisioning(planOf(more)).map(({ path, text }) => [path.replace(/^.*provisioning\//, ''), parse(text)]));
const sources = (more = '') => files(more).get('datasources/datasources.yml').datasources;

describe('data sources', () => {
  it('are Prometheus, and InfluxDB by way of the proxy', () => {
    const [prometheus, influxdb] = sources();
    expect(prometheus).toMatchObject({
      uid: 'prometheus',
      url: 'http://prometheus:9090',
      isDefault: true,
      jsonData: { timeInterval: '15s' },
    });
    expect(influxdb).toMatchObject({
      url: 'http://load-balancer:8086',
      jsonData: { version: 'Flux', organization: 'telemetry', defaultBucket: 'telemetry' },
    });
  });

  it('follow the stack file', () => {
    const [prometheus, influxdb] = sources(`backends: { port: 9086, org: our$org, bucket: points }
proxy: { tls: { certificate: /etc/haproxy/tls/site.pem } }
monitoring: { prometheus: { scrapeInterval: 30s, port: 9999 } }
`);
    expect(prometheus).toMatchObject({ url: 'http://prometheus:9999', jsonData: { timeInterval: '30s' } });
    expect(influxdb).toMatchObject({
      url: 'https://load-balancer:9086',
      jsonData: { organization: 'our$$org', defaultBucket: 'points', tlsSkipVerify: true },
    });
  });

  it('have the token from an environment variable that the stack knows, and that Compose gives to Grafana', () => {
    const { token } = sources()[1].secureJsonData;
    const variable = token.replace(/^\$/, '');
    expect(SECRETS.map((secret) => secret.variable)).toContain(variable);
    for (const { environment } of grafanas()) expect(environment[variable]).toMatch(/^\$\{INFLUX_TOKEN:\?/);
  });

  it('are those that dashboards choose at first', () => {
    for (const { templating } of dashboardsOf(planOf()).values()) {
      const [datasource] = templating.list;
      expect(datasource).toMatchObject({ current: { value: sources()[0].uid } });
    }
  });
});

it('mounts every rendered file where Grafana looks for it', () => {
  const [provider] = files().get('dashboards/dashboards.yml').providers;
  const services = grafanas();
  expect(services).toHaveLength(2);
  for (const { volumes } of services) {
    const mounts = new Map(volumes.map((mount: string) => mount.split(':').slice(0, 2)));
    expect(mounts.get('./grafana/provisioning')).toBe('/etc/grafana/provisioning');
    expect(mounts.get('./grafana/dashboards')).toBe(provider.options.path);
    for (const { path } of renderGrafana(planOf())) {
      expect([...mounts.keys()].some((folder) => `./${path}`.startsWith(`${folder}/`))).toBe(true);
    }
  }
});

function grafanas() {
  const compose = renderCompose(planOf()).find(({ path }) => path === 'docker-compose.ha.yml')!;
  const { services } = parse(compose.text);
  return planOf().grafanas.map((name) => services[name]);
}
