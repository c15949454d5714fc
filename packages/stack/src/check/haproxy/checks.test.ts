import { describe, expect, it } from 'vitest';
import { parseStack } from '../../file/parse.js';
import { HaproxyConfig } from '../../haproxy/haproxy-config.js';
import { planStack } from '../../plan/plan.js';
import { composeSite, kubernetesSite } from '../../plan/site.js';
import { haproxyText } from '../../render/haproxy/haproxy.js';
import { YamlSource } from '../../source/yaml-source.js';
import { type Artifacts, NO_ARTIFACTS } from '../artifacts.js';
import { haproxyChecks } from './checks.js';

const STACK = `apiVersion: breakwater/v1
kind: Stack
collectors: { targetCidrs: [10.0.0.0/8] }
`;
const PLAN = planStack(parseStack(STACK, 'breakwater.stack.yaml').stack);
const CONFIG = haproxyText(PLAN, composeSite(PLAN));

const COMPOSE = `services:
  load-balancer:
    image: haproxy:2.6.22-alpine
    container_name: telemetry-lb
    ports: ["127.0.0.1:8086:8086", "3000:3000", "8080:8080", "127.0.0.1:8404:8404"]
  network-telemetry-1: &collector
    image: collector:1
    environment: { PORT: "8080", INFLUX_URLS: "http://influxdb-1:8086,http://influxdb-2:8086", HANDOVER_URL: "http://load-balancer:8080" }
    networks: { back: { aliases: [network-telemetry] } }
  network-telemetry-2: *collector
  network-telemetry-3: *collector
  influxdb-1: { image: "influxdb:2.7", expose: [8086] }
  influxdb-2: { image: "influxdb:2.7", expose: ["8086/tcp"] }
  grafana-1: { image: "grafana:11", environment: ["GF_SERVER_HTTP_PORT=3000"] }
  grafana-2: { image: "grafana:11", environment: ["GF_SERVER_HTTP_PORT=3000"] }
`;
const PROMETHEUS = `scrape_configs:
  - job_name: haproxy
    static_configs:
      - targets: [load-balancer:8404]
`;

const service = (name: string, headless: boolean, port: number, targetPort: number) => `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: telemetry-system }
spec:
  selector: { app: ${name} }
${headless ? '  clusterIP: None\n' : ''}  ports: [{ port: ${port}, targetPort: ${targetPort} }]
`;
const MANIFESTS = `apiVersion: v1
kind: ConfigMap
metadata: { name: proxy, namespace: telemetry-system }
data:
  haproxy.cfg: |
${haproxyText(PLAN, kubernetesSite(PLAN)).replace(/^(?=.)/gm, '    ')}
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: load-balancer, namespace: telemetry-system }
spec:
  selector: { matchLabels: { app: load-balancer } }
  template:
    metadata: { labels: { app: load-balancer } }
    spec:
      containers: [{ name: haproxy, image: "haproxy:2.6" }]
      volumes: [{ name: config, configMap: { name: proxy } }]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: collector, namespace: telemetry-system }
data:
  INFLUX_URLS: http://influxdb-0.influxdb.telemetry-system.svc.cluster.local:8086,http://influxdb-1.influxdb.telemetry-system.svc.cluster.local:8086
${service('network-telemetry-pods', true, 8080, 8080)}${service('influxdb', true, 8086, 8086)}`;

const FILES = {
  'haproxy.cfg': CONFIG,
  'docker-compose.ha.yml': COMPOSE,
  'prometheus.yml': PROMETHEUS,
  'k8s.yaml': MANIFESTS,
  'breakwater.stack.yaml': STACK,
};
type File = keyof typeof FILES;

// Most cases leave most files as they are.
const parsed = new Map<string, YamlSource>();
function yaml(file: File, text: string): YamlSource {
  const source = parsed.get(text) ?? new YamlSource(file, text);
  parsed.set(text, source);
  return source;
}

function artifacts(files: typeof FILES): Artifacts {
  return {
    ...NO_ARTIFACTS,
    haproxy: [new HaproxyConfig('haproxy.cfg', files['haproxy.cfg'])],
    compose: [yaml('docker-compose.ha.yml', files['docker-compose.ha.yml'])],
    prometheus: [yaml('prometheus.yml', files['prometheus.yml'])],
    manifests: [yaml('k8s.yaml', files['k8s.yaml'])],
    plan: planStack(parseStack(files['breakwater.stack.yaml'], 'breakwater.stack.yaml').stack),
  };
}

const found = (files: Artifacts) =>
  haproxyChecks.flatMap(({ id, run }) => run(files).map((finding) => ({ id, ...finding })));

const alone = (text: string) => found({ ...NO_ARTIFACTS, haproxy: [new HaproxyConfig('haproxy.cfg', text)] });

it('finds nothing in what is rendered', () => {
  expect(found(artifacts(FILES))).toEqual([]);
});

it('has one name and one sentence for each check', () => {
  expect(new Set(haproxyChecks.map(({ id }) => id)).size).toBe(haproxyChecks.length);
  for (const { id, holds } of haproxyChecks) expect(holds, id).toMatch(/^[A-Z].{20,}[^.]$/);
});

interface Case {
  readonly file?: File;
  readonly from: string | RegExp;
  readonly to: string;
  readonly id: string;
  readonly says: string;
  /** What stands in the line that the finding names. */
  readonly at?: string;
}

const SECOND_INFLUX = 'server influxdb-2 influxdb-2:8086 check';

const CASES: readonly Case[] = [
  // One file.
  {
    from: 'use_backend reads_influxdb-1 if',
    to: 'use_backend reads_influx-1 if',
    id: 'proxy-reference',
    says: 'no backend reads_influx-1',
    at: 'use_backend reads_influx-1',
  },
  {
    from: 'nbsrv(lane_influxdb-1)',
    to: 'nbsrv(lane_influxdb-7)',
    id: 'proxy-reference',
    says: 'no backend lane_influxdb-7',
    at: 'lane_influxdb-7',
  },
  {
    from: 'srv_is_up(influxdb/influxdb-2)',
    to: 'srv_is_up(influxdb/influxdb-3)',
    id: 'proxy-reference',
    says: 'no server influxdb/influxdb-3',
    at: 'influxdb-3',
  },
  {
    from: 'track influxdb/influxdb-1',
    to: 'track influx/influxdb-1',
    id: 'proxy-reference',
    says: 'no server influx/influxdb-1',
    at: 'track influx/',
  },
  {
    from: 'resolvers dns\n',
    to: 'resolvers docker\n',
    id: 'proxy-reference',
    says: 'no section resolvers dns',
    at: 'server',
  },
  {
    from: 'track-sc1 src table requests unless',
    to: 'track-sc1 src table request unless',
    id: 'proxy-reference',
    says: 'no stick-table request',
    at: 'table request ',
  },
  {
    from: SECOND_INFLUX,
    to: 'server influxdb-2 influxdb-2:8086',
    id: 'proxy-check-missing',
    says: 'influxdb-2 is not checked',
    at: 'server influxdb-2',
  },
  {
    from: /^ {2}(?:option httpchk|http-check send meth GET uri \/ping.*)\n/gm,
    to: '',
    id: 'proxy-http-check',
    says: 'only opens a connection',
    at: 'backend',
  },
  {
    from: / {2}http-check send meth GET uri \/api\/health.*\n/,
    to: '',
    id: 'proxy-http-check',
    says: 'OPTIONS /',
    at: 'option httpchk',
  },
  {
    from: '  http-check expect status 204\n',
    to: '',
    id: 'proxy-http-check',
    says: 'every 2xx and 3xx',
    at: 'option httpchk',
  },
  { from: 'slowstart 30s', to: 'slowstart 800ms', id: 'proxy-slowstart', says: 'over by then', at: 'slowstart 800ms' },
  { from: 'observe layer4', to: 'observe layer7', id: 'proxy-observe', says: 'sheds load', at: 'server' },
  {
    from: 'observe layer4',
    to: 'observe layer4 on-marked-down shutdown-sessions',
    id: 'proxy-marked-down',
    says: 'cuts every request',
    at: 'server',
  },
  { from: '  maxconn 4100\n', to: '', id: 'proxy-maxconn', says: 'no maxconn', at: 'global' },
  {
    from: 'server grafana-1 grafana-1:3000 check maxconn 256',
    to: 'server grafana-1 grafana-1:3000 check',
    id: 'proxy-maxconn',
    says: 'grafana-1 has no maxconn',
    at: 'server grafana-1',
  },
  {
    from: 'default-server resolvers dns resolve-prefer',
    to: 'default-server resolve-prefer',
    id: 'proxy-resolvers',
    says: 'looked up once',
    at: 'server',
  },
  { from: 'init-addr none', to: 'init-addr last,libc,none', id: 'proxy-init-addr', says: 'mixes libc', at: 'server' },
  { from: 'init-addr none ', to: '', id: 'proxy-init-addr', says: 'does not start', at: 'server' },
  { from: '  hold obsolete 30s\n', to: '', id: 'proxy-dns-hold', says: 'loses its address', at: 'resolvers dns' },
  {
    from: '  hold obsolete 30s\n',
    to: '  hold obsolete 0s\n',
    id: 'proxy-dns-hold',
    says: 'loses its address',
    at: 'resolvers dns',
  },
  { from: '  parse-resolv-conf\n', to: '', id: 'proxy-dns-hold', says: 'nobody to ask', at: 'resolvers dns' },
  {
    from: 'accepted_payload_size 8192',
    to: 'accepted_payload_size 400',
    id: 'proxy-dns-payload',
    says: 'accepts answers of 400 bytes',
    at: 'resolvers dns',
  },
  ...['client', 'http-request', 'connect', 'server', 'queue', 'tunnel'].map((name) => ({
    from: new RegExp(`  timeout ${name} .*\n`),
    to: '',
    id: 'proxy-timeout',
    says: `no "timeout ${name}"`,
    at: name === 'client' || name === 'http-request' ? 'frontend' : 'backend',
  })),
  {
    from: '  timeout client 30s\n',
    to: '  timeout client 0\n',
    id: 'proxy-timeout',
    says: 'no "timeout client"',
    at: 'frontend',
  },
  {
    from: '  timeout client-fin 10s\n',
    to: '',
    id: 'proxy-timeout',
    says: 'no "timeout client-fin"',
    at: 'timeout tunnel',
  },
  { from: '  hard-stop-after 1m\n', to: '', id: 'proxy-reload', says: 'no hard-stop-after', at: 'global' },
  {
    from: '  master-worker\n',
    to: '  master-worker\n  grace 10s\n',
    id: 'proxy-reload',
    says: '"grace" keeps',
    at: 'grace',
  },
  { from: '  master-worker\n', to: '  nbproc 4\n', id: 'proxy-reload', says: '"nbproc" is gone', at: 'nbproc' },
  {
    from: '  hard-stop-after 1m\n',
    to: '  hard-stop-after 1m\n  close-spread-time 2m\n',
    id: 'proxy-reload',
    says: 'not below hard-stop-after',
    at: 'close-spread-time',
  },
  {
    from: 'stats socket /var/run/haproxy/admin.sock mode 600',
    to: 'stats socket *:9999',
    id: 'proxy-socket',
    says: 'without a password',
    at: 'stats socket',
  },
  {
    from: 'use_backend collectors if is_write',
    to: 'use_backend influxdb if is_write',
    id: 'proxy-writes',
    says: 'shares writes out between influxdb-1, influxdb-2',
    at: 'use_backend influxdb if is_write',
  },
  {
    from: '  use_backend collectors if is_write\n',
    to: '',
    id: 'proxy-writes',
    says: 'no query sees all',
    at: 'use_backend influxdb',
  },
  {
    from: 'retry-on conn-failure empty-response 502 503 504\n  http-request disable-l7-retry unless METH_GET',
    to: 'retry-on all-retryable-errors',
    id: 'proxy-retry',
    says: 'sends a POST again',
    at: 'retry-on all',
  },
  { from: '  option redispatch 1\n', to: '', id: 'proxy-redispatch', says: 'no "option redispatch"', at: 'backend' },
  {
    from: / {2}http-request deny unless \{ src .*\n/,
    to: '',
    id: 'proxy-statistics',
    says: 'to whoever reaches',
    at: 'stats enable',
  },
  {
    from: '  stats refresh 10s\n',
    to: '  stats refresh 10s\n  stats admin if TRUE\n',
    id: 'proxy-statistics',
    says: 'take servers out',
    at: 'stats admin',
  },
  {
    from: /"\$\{PROXY_COOKIE_KEY\}"/,
    to: 'a-key-in-the-file',
    id: 'proxy-secret',
    says: 'secret written out',
    at: 'dynamic-cookie-key',
  },
  {
    from: '  stats enable\n',
    to: '  stats enable\n  stats auth admin:admin\n',
    id: 'proxy-secret',
    says: 'secret written out',
    at: 'stats auth',
  },
  {
    from: 'hdr Host influxdb',
    to: 'hdr Authorization "Token abc"',
    id: 'proxy-secret',
    says: '"http-check send"',
    at: 'Authorization',
  },
  {
    from: '  option dontlog-normal\n',
    to: '  capture request header Authorization len 64\n',
    id: 'proxy-log-secret',
    says: 'logs a secret',
    at: 'capture request',
  },
  { from: /^ {2}dynamic-cookie-key.*\n/m, to: '', id: 'proxy-cookie', says: 'no key', at: 'cookie GRAFANA' },
  {
    from: 'maxlife 12h dynamic',
    to: 'maxlife 12h',
    id: 'proxy-cookie',
    says: 'does nothing for server grafana-1',
    at: 'cookie GRAFANA',
  },
  { from: ' maxidle 1h maxlife 12h', to: '', id: 'proxy-cookie', says: 'never ends', at: 'cookie GRAFANA' },
  {
    from: 'insert indirect nocache httponly',
    to: 'insert',
    id: 'proxy-cookie',
    says: 'is passed on to the servers',
    at: 'cookie GRAFANA',
  },
  {
    from: /^ {2}http-request return status 429 .*More than.*\n/gm,
    to: '',
    id: 'proxy-rate-limit',
    says: 'no limit for requests',
    at: 'frontend',
  },
  {
    from: 'store http_req_rate(10s)',
    to: 'store http_err_rate(10s)',
    id: 'proxy-rate-limit',
    says: 'no stick-table that it tracks stores',
    at: 'status 429',
  },
  {
    from: 'expire 20s store http_req_rate(10s)',
    to: 'expire 5s store http_req_rate(10s)',
    id: 'proxy-rate-limit',
    says: 'before the 10000 ms',
    at: 'stick-table',
  },
  {
    from: /http-request return status 429 [^{]*\{ sc1_http/g,
    to: 'http-request deny if { sc1_http',
    id: 'proxy-rate-limit',
    says: 'answers 403',
    at: 'deny',
  },
  // Two files.
  {
    file: 'breakwater.stack.yaml',
    from: '10.0.0.0/8]',
    to: '10.0.0.0/8], max: 40',
    id: 'proxy-slots',
    says: 'has 21 slots .* allows 40 collectors, in a rolling update 41',
    at: 'server-template',
  },
  {
    from: 'server-template collector 1-21',
    to: 'server-template collector 1-20',
    id: 'proxy-slots',
    says: '1 get no traffic',
    at: '1-20',
  },
  {
    file: 'breakwater.stack.yaml',
    from: '10.0.0.0/8]',
    to: '10.0.0.0/8], drain: { delay: 1s }',
    id: 'proxy-drain',
    says: 'collectors.drain.delay 1 s',
    at: 'server-template',
  },
  {
    from: 'fastinter 500ms downinter 1s fall 3',
    to: 'fastinter 5s downinter 1s fall 3',
    id: 'proxy-drain',
    says: 'takes 11 s',
    at: 'server-template',
  },
  {
    from: '/health/lanes/influxdb-2:8086',
    to: '/health/lanes/influx-2:8086',
    id: 'proxy-lane',
    says: 'lane of influx-2:8086',
    at: 'lanes/influx-2',
  },
  {
    file: 'docker-compose.ha.yml',
    from: 'influxdb-2:8086"',
    to: 'influxdb-2:9999"',
    id: 'proxy-lane',
    says: 'names influxdb-1:8086, influxdb-2:9999',
    at: 'lanes/influxdb-2',
  },
  {
    file: 'breakwater.stack.yaml',
    from: 'kind: Stack\n',
    to: 'kind: Stack\ngrafana: { port: 3001 }\n',
    id: 'proxy-port',
    says: 'nothing listens on port 3001',
    at: 'frontend',
  },
  {
    from: 'bind :8404',
    to: 'bind :8405',
    id: 'proxy-port',
    says: 'nothing listens on port 8404',
    at: 'frontend',
  },
  {
    from: 'bind :8080',
    to: 'bind :8080 ssl crt /certs/lb.pem',
    id: 'proxy-handover',
    says: 'port 8080 speaks TLS, .* http://load-balancer:8080',
    at: 'bind :8080',
  },
  {
    file: 'docker-compose.ha.yml',
    from: 'http://load-balancer:8080',
    to: 'https://load-balancer:8080',
    id: 'proxy-handover',
    says: 'speaks no TLS',
    at: 'bind :8080',
  },
  {
    file: 'prometheus.yml',
    from: 'load-balancer:8404',
    to: 'load-balancer:3000',
    id: 'proxy-scrape',
    says: 'scrapes load-balancer:3000, where',
    at: 'load-balancer:3000',
  },
  {
    from: 'use-service prometheus-exporter',
    to: 'deny',
    id: 'proxy-scrape',
    says: 'has no exporter',
    at: 'load-balancer:8404',
  },
  {
    file: 'k8s.yaml',
    from: /network-telemetry-pods\.telemetry-system\.svc\.cluster\.local:8080 check maxconn/,
    to: 'network-telemetry-pods:8080 check maxconn',
    id: 'proxy-kubernetes-name',
    says: 'no search list',
    at: 'server-template',
  },
  {
    file: 'k8s.yaml',
    from: 'selector: { app: network-telemetry-pods }\n  clusterIP: None\n',
    to: 'selector: { app: network-telemetry-pods }\n',
    id: 'proxy-kubernetes-name',
    says: 'one address for all its pods',
    at: 'server-template',
  },
  {
    file: 'k8s.yaml',
    from: 'ports: [{ port: 8086, targetPort: 8086 }]',
    to: 'ports: [{ port: 8086, targetPort: 9999 }]',
    id: 'proxy-kubernetes-name',
    says: 'they listen on 9999',
    at: 'server influxdb-1',
  },
  {
    file: 'k8s.yaml',
    from: 'hard-stop-after 1m\n',
    to: 'hard-stop-after 1m\n      grace 5s\n',
    id: 'proxy-reload',
    says: '"grace" keeps',
    at: 'grace',
  },
];

describe('a mistake is found, in its line, and nothing else is', () => {
  it.each(CASES)('$id: $says', ({ file = 'haproxy.cfg', from, to, id, says, at = '' }) => {
    const text = FILES[file].replace(from, () => to);
    expect(text, 'the case changes nothing').not.toBe(FILES[file]);
    const files = { ...FILES, [file]: text };
    const findings = found(artifacts(files));
    expect([...new Set(findings.map((finding) => finding.id))]).toEqual([id]);
    const [first] = findings;
    expect(first!.message).toMatch(new RegExp(says));
    expect(first!.fix).not.toBe('');
    const lines = files[first!.file as File].split('\n');
    expect(lines[first!.line! - 1]).toContain(at);
  });
});

describe('a hand-over', () => {
  const told = (url: string, ca: string, tls: boolean) =>
    found(
      artifacts({
        ...FILES,
        'haproxy.cfg': tls ? CONFIG.replace('bind :8080', 'bind :8080 ssl crt /certs/lb.pem') : CONFIG,
        'docker-compose.ha.yml': COMPOSE.replace('http://load-balancer:8080"', `${url}"${ca}`),
      }),
    );
  const CA = ', HANDOVER_CA_FILE: /certs/ca.pem';

  it.each([
    [
      'names the authority that nobody has told',
      '',
      true,
      / certificate has, and proxy\.tls\.ca \(HANDOVER_CA_FILE\) /,
    ],
    ['leaves the authority be that is told', CA, true, /^write https .* a name that the certificate has$/],
    ['says nothing of authorities where there is none', '', false, /^write http .* the stack file$/],
    [
      'takes the authority out that is of no use',
      CA,
      false,
      /^write http .*, and take proxy\.tls\.ca \(HANDOVER_CA_FILE\) out$/,
    ],
  ])('in the wrong protocol gets advice that %s', (_, ca, tls, advice) => {
    const [finding, ...others] = told(`http${tls ? '' : 's'}://load-balancer:8080`, ca, tls);
    expect(others).toEqual([]);
    expect(finding!.id).toBe('proxy-handover');
    expect(finding!.fix).toMatch(advice);
  });

  it.each([
    ['a public', ''],
    ['its own', CA],
  ])('to a certificate of %s authority is right', (_, ca) => {
    expect(told('https://load-balancer:8080', ca, true)).toEqual([]);
  });
});

describe('a file of a user', () => {
  const SOUND = `
global
  maxconn 1000
  hard-stop-after 1m
defaults
  mode http
  option redispatch
  timeout connect 1s
  timeout client 10s
  timeout server 10s
  timeout http-request 10s
  timeout queue 1s
`;
  const ids = (text: string) => [...new Set(alone(SOUND + text).map(({ id }) => id))];

  it('may be sound and look nothing like ours', () => {
    expect(
      ids(
        'listen web\n bind 127.0.0.1:80\n server a 10.0.0.1:80 check maxconn 9\n option httpchk GET /\n http-check expect status 200\n',
      ),
    ).toEqual([]);
  });

  it('may keep one InfluxDB in use and the other in reserve', () => {
    const text = (second: string) => `listen influx
 bind 127.0.0.1:8086
 option httpchk GET /ping
 http-check expect status 204
 balance roundrobin
 server a 10.0.0.1:8086 check maxconn 9
 server b 10.0.0.2:8086 check maxconn 9${second}
`;
    expect(ids(text(''))).toEqual(['proxy-writes']);
    expect(ids(text(' backup'))).toEqual([]);
  });

  it('may show its statistics on a private address', () => {
    const page = (address: string) => `frontend s\n bind ${address}:8404\n stats enable\n`;
    expect(ids(page('10.0.0.1'))).toEqual([]);
    expect(ids(page('203.0.113.1'))).toEqual(['proxy-statistics']);
  });

  it('may refuse writes where it balances reads', () => {
    const text = `listen influx
 bind 127.0.0.1:8086
 http-request deny if { path_beg /write /api/v2/write }
 option httpchk GET /ping
 http-check expect status 204
 server a 10.0.0.1:8086 check maxconn 9
 server b 10.0.0.2:8086 check maxconn 9
`;
    expect(ids(text)).toEqual([]);
    expect(ids(text.replace('path_beg /write /api/v2/write', 'path_beg /admin'))).toEqual(['proxy-writes']);
  });

  it('takes its settings from the defaults that it names, and from default-server', () => {
    const text = `defaults slow from nobody
 mode http
frontend f from slow
 bind 127.0.0.1:80
 default_backend b
backend b from slow
 default-server check maxconn 5
 server a 10.0.0.1:80
 server c 10.0.0.2:80
`;
    expect(ids(text)).toEqual(['proxy-http-check', 'proxy-timeout']);
  });

  it('reads both branches of a condition, quotes, escapes and comments', () => {
    const config = new HaproxyConfig(
      'f',
      '.if defined(X)\nglobal # none\n  log-format "a # b"\\ c\\#d \'$e\\n\'\n.endif\n',
    );
    expect(config.sections).toMatchObject([
      { kind: 'global', line: 2, lines: [{ line: 3, words: ['log-format', 'a # b c#d', '$e\\n'] }] },
    ]);
  });

  it('may be anything at all', () => {
    for (const text of [
      '',
      '\0',
      'backend',
      'server',
      'backend x\n server',
      'backend x\n server-template a b c\n cookie\n stick-table',
      'use_backend',
      'frontend f\n bind\n use_backend\n default_backend\n acl\n http-request\n http-request return if x\n stats socket',
    ]) {
      expect(() => alone(text), text).not.toThrow();
    }
  });
});
