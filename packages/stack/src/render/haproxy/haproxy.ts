import { showDuration } from '../../file/units.js';
import type { Plan } from '../../plan/plan.js';
import { type Address, composeSite, type Site } from '../../plan/site.js';
import { HEADING, type RenderedFile } from '../rendered-file.js';
import { renderTemplate } from '../template.js';

/** Connections that one server gets at once; what is beyond waits in the proxy. */
const SERVER_CONNECTIONS = 256;
/** Requests that may wait for a backend; beyond them the answer comes at once. */
const QUEUED = 512;
/** Connections of the global limit that are kept for statistics and metrics. */
const RESERVED = 100;
/** How long after a start requests wait for an answer of DNS where no server is known yet. */
const START_S = 5;
const HEALTH_PATHS = {
  influxdb: '/ping /health',
  collectors: '/ping /health /health/live /health/ready',
  grafana: '/api/health',
};

export function renderHaproxy(plan: Plan): RenderedFile[] {
  return [{ path: 'haproxy/haproxy.cfg', text: haproxyText(plan, composeSite(plan)) }];
}

/** The haproxy.cfg of a stack at a site. */
export function haproxyText(plan: Plan, site: Site): string {
  const { proxy } = plan.stack;
  const backends = site.backends.map((backend, index) => ({ ...backend, number: index + 1 }));
  const period = showDuration(proxy.rateLimit.period);
  return renderTemplate('haproxy.cfg.hbs', {
    heading: HEADING.trimEnd(),
    secrets: site.grafanas.length > 0 ? ['PROXY_COOKIE_KEY'] : [],
    socket: '/var/run/haproxy/admin.sock',
    connections: {
      global: proxy.maxConnections + RESERVED,
      front: Math.floor(proxy.maxConnections / 3),
      source: proxy.rateLimit.connections,
      reserve: RESERVED,
      server: SERVER_CONNECTIONS,
      queued: QUEUED,
    },
    hardStop: showDuration(plan.proxy.hardStopS),
    tls: proxy.tls,
    scheme: proxy.tls === undefined ? 'http' : 'https',
    check: { inter: '1s', fastinter: '500ms', fall: 3, rise: 2, lane: '1s' },
    period,
    periodSeconds: Math.ceil(proxy.rateLimit.period),
    requests: proxy.rateLimit.requests,
    tableExpire: showDuration(proxy.rateLimit.period * 2),
    startSeconds: START_S,
    fronts: fronts(plan, site),
    collectors: site.collectors,
    slots: plan.collectors.slots,
    backends,
    subsets: subsets(backends),
    grafanas: site.grafanas,
    statsPort: proxy.port,
  });
}

/** A name that DNS is asked for, and when a request that comes just after a start waits for its answer. */
interface Wait {
  readonly host: string;
  readonly condition: string;
}

function fronts({ stack }: Plan, site: Site): object[] {
  const front = (backend: keyof typeof HEALTH_PATHS, port: number, waits: readonly Wait[], description: string) => ({
    name: backend,
    backend,
    port,
    waits,
    description,
    health: HEALTH_PATHS[backend],
    isInflux: backend === 'influxdb',
    isCollectors: backend === 'collectors',
    isGrafana: backend === 'grafana',
  });
  const { collectors, backends, grafanas } = site;
  const whileNone = (backend: string, { host }: Address, kind = ''): Wait => ({
    host,
    condition: `${kind}{ nbsrv(${backend}) eq 0 }`,
  });
  return [
    front(
      'influxdb',
      stack.backends.port,
      [
        whileNone('collectors', collectors, 'is_write '),
        ...backends.map((backend) => whileNone('influxdb', backend, '!is_write ')),
      ],
      'InfluxDB: writes to the collectors, reads to who has caught up',
    ),
    front('collectors', stack.collectors.port, [whileNone('collectors', collectors)], 'The collectors'),
    ...(grafanas.length === 0
      ? []
      : [
          front(
            'grafana',
            stack.grafana.port,
            grafanas.map(({ name, host }) => ({ host, condition: `!{ srv_is_up(grafana/${name}) }` })),
            'Grafana',
          ),
        ]),
  ];
}

interface Subset<T> {
  readonly name: string;
  readonly members: readonly T[];
  /** All of them: the backend that is there anyway. */
  readonly whole: boolean;
}

/** Every choice of some of the backends, the larger ones first, so that the first whose members have all caught up is the right one. */
function subsets<T extends Address>(backends: readonly T[]): Array<Subset<T>> {
  if (backends.length < 2) return [];
  const choices = Array.from({ length: 2 ** backends.length - 1 }, (_, index) =>
    backends.filter((_, bit) => ((index + 1) >> bit) & 1),
  );
  return choices
    .sort((a, b) => b.length - a.length)
    .map((members) => {
      const whole = members.length === backends.length;
      return { name: whole ? 'influxdb' : `reads_${members.map(({ name }) => name).join('_')}`, members, whole };
    });
}
