import { describe, expect, it } from 'vitest';
import { parseStack } from '../../file/parse.js';
import { planStack } from '../../plan/plan.js';
import { composeSite, kubernetesSite } from '../../plan/site.js';
import { haproxyText, renderHaproxy } from './haproxy.js';

const plan = (stack: object = {}) => {
  const file = {
    apiVersion: 'breakwater/v1',
    kind: 'Stack',
    ...stack,
    collectors: { targetCidrs: ['10.0.0.0/8'], ...('collectors' in stack ? (stack.collectors as object) : {}) },
  };
  return planStack(parseStack(JSON.stringify(file), 'breakwater.stack.yaml').stack);
};
const text = (stack?: object) => haproxyText(plan(stack), composeSite(plan(stack)));

it('is rendered for Compose at the path that the seeds name', () => {
  const [file, second] = renderHaproxy(plan());
  expect(second).toBeUndefined();
  expect(file!.path).toBe('haproxy/haproxy.cfg');
  expect(file!.text).toBe(text());
  expect(file!.text).toMatch(/^# Rendered by [\s\S]*[^\n]\n$/);
});

it('has a slot for every collector that there may be, at each place that counts them', () => {
  const slots = (stack?: object) => [...text(stack).matchAll(/server-template \S+ 1-(\d+)/g)].map(([, count]) => count);
  expect(slots()).toEqual(['21', '21', '21']);
  expect(slots({ collectors: { max: 40 } })).toEqual(['41', '41', '41']);
});

describe('reads', () => {
  const routes = (replicas: number) =>
    text({ backends: { replicas } })
      .split('\n')
      .filter((line) => line.includes('use_backend') && !line.includes('is_write'))
      .map((line) => line.trim());

  it('go to the only backend there is', () => {
    expect(routes(1)).toEqual([]);
    expect(text({ backends: { replicas: 1 } })).not.toContain('lane_');
  });

  it('go to the largest choice of backends that have all caught up', () => {
    expect(routes(2)).toEqual([
      'use_backend influxdb if caught_up_1 up_1 caught_up_2 up_2',
      'use_backend reads_influxdb-1 if caught_up_1 up_1',
      'use_backend reads_influxdb-2 if caught_up_2 up_2',
    ]);
    const chosen = routes(3).map((route) => route.split(' ')[1]);
    expect(chosen).toEqual([
      'influxdb',
      'reads_influxdb-1_influxdb-2',
      'reads_influxdb-1_influxdb-3',
      'reads_influxdb-2_influxdb-3',
      'reads_influxdb-1',
      'reads_influxdb-2',
      'reads_influxdb-3',
    ]);
  });

  it('ask the collectors for a backend by the address that they deliver to', () => {
    const cluster = haproxyText(plan(), kubernetesSite(plan()));
    expect(cluster).toContain('uri /health/lanes/influxdb-0.influxdb.telemetry-system.svc.cluster.local:8086 ');
    expect(text()).toContain('uri /health/lanes/influxdb-2:8086 ');
  });
});

it('takes ports, limits and the certificate from the stack file', () => {
  const told = text({
    backends: { port: 9086 },
    grafana: { port: 9300 },
    collectors: { port: 9080 },
    proxy: {
      port: 9404,
      maxConnections: 3000,
      rateLimit: { requests: 7, period: '1m', connections: 9 },
      tls: { certificate: '/certs/lb.pem' },
    },
  });
  for (const port of [9086, 9300, 9080])
    expect(told).toContain(`bind :${port} ssl crt /certs/lb.pem alpn h2,http/1.1\n`);
  expect(told).toContain('bind :9404\n');
  expect(told).toContain('store http_req_rate(1m)');
  expect(told).toContain('sc1_http_req_rate gt 7 }');
  expect(told).toContain('sc0_conn_cur gt 9 }');
  expect(told).toContain('hdr Retry-After 60 ');
  expect(told).toContain('  maxconn 3100\n');
  expect(told.match(/^ {2}maxconn 1000$/gm)).toHaveLength(3);
});

it('does not ask who signed the certificate: that is for those who trust it', () => {
  const tls = { certificate: '/certs/lb.pem' };
  expect(text({ proxy: { tls: { ...tls, ca: '/certs/ca.pem' } } })).toBe(text({ proxy: { tls } }));
});

it('leaves out Grafana, and the key that its cookie needs, where there is none', () => {
  expect(haproxyText(plan(), kubernetesSite(plan()))).not.toMatch(/grafana|PROXY_COOKIE_KEY/i);
});

it('has no secret', () => {
  expect(text().match(/dynamic-cookie-key.*/)![0]).toMatch(/^dynamic-cookie-key "\$\{PROXY_COOKIE_KEY\}"$/);
});

it.each(['/certs/a.pem\u0000', '/certs/a.pem\u2028stats admin if TRUE'])(
  'refuses a value that could begin a line: %j',
  (certificate) => {
    expect(() => text({ proxy: { tls: { certificate } } })).toThrow(/control character/);
  },
);
