import { basename } from 'node:path/posix';
import { z } from 'zod';
import { checkReferences } from './references.js';
import { bytes, cpu, durationBetween } from './units.js';

const image = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._:/-]*:[A-Za-z0-9][A-Za-z0-9._-]*(?:@sha256:[0-9a-f]{64})?$/, 'an image with a tag');
const port = z.int().min(1).max(65_535);
const name = z.string().regex(/^[a-z](?:[a-z0-9-]{0,50}[a-z0-9])?$/, 'lower-case letters, digits and "-"');
const variable = z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'a name of an environment variable');
const cidr = z.union([z.cidrv4(), z.cidrv6()]);
const percent = z.number().gt(0).max(100);
const domain = z
  .string()
  .max(253)
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/, 'a domain of DNS');
const line = z.string().regex(/^[^\r\n]*$/, 'one line');
const text = z.string().regex(/^\P{Cc}+$/u, 'one line that is not empty');
const folderAndFile = z.string().regex(/^(?:(?!\.{1,2}\/)[\w.-]+\/)+[\w.-]+$/, 'a path such as deploy/targets.yaml');
/** The targets lie in a folder that nothing can be mounted in. */
const fileInCollector = z
  .string()
  .regex(
    /^(?!\/etc\/telemetry(?:\/|$))(?:\/(?!\.{1,2}(?:\/|$))[\w.-]+)+$/,
    'a path from / on, such as /etc/breakwater/ca.pem, that is not in /etc/telemetry',
  );

const resources = (standard: { cpu: [string, string]; memory: [string, string] }) =>
  z
    .strictObject({
      requests: z
        .strictObject({ cpu: cpu.prefault(standard.cpu[0]), memory: bytes.prefault(standard.memory[0]) })
        .prefault({}),
      limits: z
        .strictObject({ cpu: cpu.prefault(standard.cpu[1]), memory: bytes.prefault(standard.memory[1]) })
        .prefault({}),
    })
    .superRefine(({ requests, limits }, context) => {
      for (const resource of ['cpu', 'memory'] as const) {
        if (requests[resource] <= limits[resource]) continue;
        const message = `limits.${resource} or less`;
        context.addIssue({ code: 'custom', path: ['requests', resource], message });
      }
    })
    .prefault({})
    .describe('What one replica asks for, and the most it gets');

/** Growth is bounded by the smaller of the two: `50 %, at most 2 pods`. */
const scaling = z
  .strictObject({
    cpu: percent.default(70).describe('Percent of the CPU request'),
    memory: percent.default(80).describe('Percent of the memory request'),
    busy: percent.default(70).describe('Percent of the slots for targets that turns take up, on average'),
    up: z
      .strictObject({
        percent: percent.default(50),
        pods: z.int().min(1).default(2),
        period: durationBetween('1s', '30m').prefault('60s'),
        window: durationBetween('0s', '1h').prefault('0s'),
      })
      .prefault({}),
    down: z
      .strictObject({
        percent: percent.default(10),
        period: durationBetween('1s', '30m').prefault('60s'),
        window: durationBetween('0s', '1h').prefault('5m'),
      })
      .prefault({}),
  })
  .prefault({});

const collectors = z
  .strictObject({
    image: image.default('breakwater/telemetry-collector:0.1.0'),
    build: folderAndFile
      .optional()
      .describe('The Dockerfile that Compose builds the image from, in the folder of the stack file'),
    min: z.int().min(1).max(100).default(3).describe('Replicas at least; what Compose starts'),
    max: z.int().min(1).max(1000).default(20).describe('Replicas at most: proxy slots, HPA, PDB and alerts follow'),
    port: port.default(8080),
    targets: folderAndFile
      .default('deploy/targets.yaml')
      .describe('The targets file, from the folder of the stack file; its own folder is what containers see of it'),
    targetCidrs: z.array(cidr).min(1).describe('The networks that targets lie in: no other egress is let through'),
    targetPorts: z
      .array(z.strictObject({ port, protocol: z.enum(['TCP', 'UDP']).default('TCP') }))
      .default([])
      .describe('The ports of the targets; none: every port of those networks'),
    storage: z
      .enum(['local', 'persistent'])
      .default('local')
      .describe('local: a Deployment with the log on the node; persistent: a StatefulSet with a volume claim each'),
    spool: z
      .strictObject({
        maxBytes: bytes.prefault('1Gi').describe('What one lane may need'),
        maxAge: durationBetween('1m', '3650d').prefault('7d'),
        whenFull: z.enum(['block', 'drop-oldest']).default('block'),
      })
      .prefault({}),
    drain: z
      .strictObject({
        delay: durationBetween('0s', '10m').prefault('5s').describe('Until proxies and peers have seen that it ends'),
        timeout: durationBetween('1s', '1h').prefault('25s').describe('DRAIN_TIMEOUT'),
      })
      .prefault({}),
    lease: durationBetween('1s', '5m').prefault('15s').describe('FLEET_LEASE'),
    resources: resources({ cpu: ['250m', '500m'], memory: ['256Mi', '512Mi'] }),
    scaling,
    settings: z
      .record(variable, z.union([z.string(), z.number(), z.boolean()]).transform(String).pipe(line))
      .refine(({ MAX_CONCURRENT_TARGETS: slots = '50' }) => /^[1-9]\d{0,5}$/.test(slots), {
        path: ['MAX_CONCURRENT_TARGETS'],
        error: 'a whole number from 1 on',
      })
      .default({})
      .describe('Further environment variables of the collector'),
  })
  .refine(({ min, max }) => min <= max, { path: ['min'], error: 'collectors.max or less' });

const backends = z
  .strictObject({
    image: image.default('influxdb:2.7.12-alpine'),
    replicas: z.int().min(1).max(3).default(2),
    port: port.default(8086),
    org: text.default('telemetry'),
    bucket: text.default('telemetry'),
    retention: durationBetween('1h', '36500d').prefault('30d'),
    storage: bytes.prefault('50Gi'),
    resources: resources({ cpu: ['500m', '1'], memory: ['1Gi', '2Gi'] }),
    vertical: z
      .strictObject({
        cpu: z
          .strictObject({ min: cpu.prefault('500m'), max: cpu.prefault('4') })
          .refine(({ min, max }) => min <= max, { path: ['min'], error: 'max or less' })
          .prefault({}),
        memory: z
          .strictObject({ min: bytes.prefault('1Gi'), max: bytes.prefault('8Gi') })
          .refine(({ min, max }) => min <= max, { path: ['min'], error: 'max or less' })
          .prefault({}),
      })
      .prefault({}),
  })
  .prefault({})
  .describe('InfluxDB: independent servers, each of which gets everything');

const proxy = z
  .strictObject({
    image: image.default('haproxy:2.6.22-alpine'),
    replicas: z.int().min(1).max(10).default(2).describe('In Kubernetes'),
    port: port.default(8404).describe('Statistics and metrics'),
    maxConnections: z.int().min(100).default(4000),
    rateLimit: z
      .strictObject({
        requests: z.int().min(1).default(2000).describe('One source may send so many'),
        period: durationBetween('1s', '1h').prefault('10s'),
        connections: z.int().min(1).default(500).describe('One source may have so many at once at the proxy'),
      })
      .prefault({}),
    tls: z
      .strictObject({
        certificate: line.describe(
          'PEM with certificate and key, as HAProxy sees it. Compose mounts the folder `secrets` there',
        ),
        ca: fileInCollector
          .optional()
          .describe(
            'PEM of the authority that signed it, as collectors see it; none: a public one. Compose mounts the file of that name in `secrets` there',
          ),
      })
      // Compose takes both from one folder.
      .refine(({ certificate, ca }) => ca === undefined || basename(ca) !== basename(certificate), {
        path: ['ca'],
        error: 'a file with another name than proxy.tls.certificate, which holds the key of the proxy',
      })
      .optional()
      .describe('With it every front speaks TLS'),
  })
  .prefault({});

const redis = z
  .strictObject({
    image: image.default('redis:7.2.7-alpine'),
    port: port.default(6379),
    maxMemory: bytes.refine((count) => count >= 16 * 1024 ** 2, '16Mi or more').prefault('256Mi'),
    resources: resources({ cpu: ['100m', '500m'], memory: ['128Mi', '384Mi'] }),
  })
  .prefault({});

const grafana = z
  .strictObject({
    image: image.default('grafana/grafana:11.6.0'),
    replicas: z.int().min(1).max(10).default(2),
    port: port.default(3000),
    database: z.strictObject({ image: image.default('postgres:16.8-alpine') }).prefault({}),
  })
  .prefault({});

const receiver = z
  .strictObject({
    name,
    webhook: line.optional().describe('The file that holds the URL'),
    slack: z.strictObject({ urlFile: line, channel: line }).optional(),
    pagerduty: z.strictObject({ keyFile: line }).optional(),
    email: z.strictObject({ to: line }).optional(),
  })
  .describe(
    'Where messages go; secrets are named by file, never written here. Compose mounts the folder `secrets` there',
  );

const monitoring = z
  .strictObject({
    prometheus: z
      .strictObject({
        image: image.default('prom/prometheus:v2.53.4'),
        port: port.default(9090),
        scrapeInterval: durationBetween('1s', '2m').prefault('15s'),
        retention: durationBetween('1h', '3650d').prefault('15d'),
      })
      .prefault({}),
    alertmanager: z
      .strictObject({
        image: image.default('prom/alertmanager:v0.27.0'),
        port: port.default(9093),
        receivers: z.array(receiver).default([]),
        routes: z
          .strictObject({ critical: name.optional(), warning: name.optional(), info: name.optional() })
          .prefault({})
          .describe('Which receiver gets which severity; none: it is shown in Alertmanager and sent nowhere'),
        smtp: z
          .strictObject({
            smarthost: z.string().regex(/^[\w.-]+:\d{1,5}$/, 'host:port'),
            from: line,
            user: line,
            passwordFile: line,
          })
          .optional(),
      })
      .prefault({}),
    exporters: z
      .strictObject({
        redis: image.default('oliver006/redis_exporter:v1.67.0-alpine'),
        node: image.default('prom/node-exporter:v1.9.0'),
        cadvisor: image.default('gcr.io/cadvisor/cadvisor:v0.49.2'),
      })
      .prefault({}),
    runbook: z
      .string()
      .regex(/^[^\s{}#]+$/, 'an address or a path, without an anchor')
      .default('docs/runbook.md')
      .describe('URL of the runbook that alerts link to, without an anchor'),
  })
  .prefault({});

const objective = (target: number) =>
  z.strictObject({
    percent: z.number().min(50).lt(100).default(target),
    period: durationBetween('1d', '365d').prefault('30d'),
  });

const objectives = z
  .strictObject({
    collection: objective(99.5).prefault({}).describe('Turns that brought a point, of those that fell due'),
    delivery: objective(99.9).prefault({}).describe('Points on time at each backend, of those accepted'),
  })
  .prefault({});

const label = z.union([z.array(z.string()), z.literal('any')]);

const service = z
  .strictObject({
    name,
    scrape: z.strictObject({ targets: z.array(line).min(1), path: line.default('/metrics') }),
    metrics: z
      .array(
        z.strictObject({
          name: z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'a name of a metric'),
          type: z.enum(['counter', 'gauge', 'histogram', 'summary']),
          labels: z.record(z.string(), label).default({}),
        }),
      )
      .default([]),
  })
  .describe('A service of yours that Prometheus scrapes, and the metrics that rules may use');

const kubernetes = z
  .strictObject({
    namespace: name.default('telemetry-system'),
    monitoringNamespace: name.default('monitoring').describe('Where Prometheus and the adapter run'),
    ingressNamespaces: z.array(name).default([]).describe('Whose pods may ask the proxy, beside its own'),
    storageClass: name.optional(),
    clusterDomain: domain.default('cluster.local'),
  })
  .prefault({});

const patches = z
  .record(line, z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]))
  .default({})
  .describe('By output: what the stack file has no word for');

/** What a stack file may say; what it leaves out has a default. */
export const stackSchema = z
  .strictObject({
    apiVersion: z.literal('breakwater/v1'),
    kind: z.literal('Stack'),
    name: name.default('telemetry'),
    collectors,
    backends,
    proxy,
    redis,
    grafana,
    monitoring,
    objectives,
    services: z.array(service).default([]),
    kubernetes,
    patches,
  })
  .superRefine(({ collectors, backends, grafana, proxy }, context) => {
    // Two fronts of HAProxy on one port would share its connections out between them.
    const fronts = Object.entries({ backends, collectors, grafana, proxy });
    for (const [at, [key, { port }]] of fronts.entries()) {
      const [other] = fronts.slice(0, at).find(([, front]) => front.port === port) ?? [];
      const message = `${other}.port is that too, and each is a front of the proxy: write a port of its own`;
      if (other !== undefined) context.addIssue({ code: 'custom', path: [key, 'port'], message });
    }
  })
  .superRefine(({ collectors, proxy }, context) => {
    const url = collectors.settings['HANDOVER_URL'];
    if (proxy.tls?.ca === undefined || url === undefined || /^https:/i.test(url)) return;
    const message =
      'collectors.settings.HANDOVER_URL is no https://, and no collector starts with both: write https://, or leave one out';
    context.addIssue({ code: 'custom', path: ['proxy', 'tls', 'ca'], message });
  })
  .superRefine(checkReferences)
  .meta({ title: 'Breakwater stack file' });

/** A stack file that was read: bytes, seconds and cores are numbers. */
export type Stack = z.output<typeof stackSchema>;
