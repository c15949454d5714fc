import type { HaproxyProxy } from '../../haproxy/haproxy-proxy.js';
import type { HaproxyServer } from '../../haproxy/haproxy-server.js';
import { haproxyTimeMs } from '../../haproxy/time.js';
import { closest } from '../../source/closest.js';
import type { Artifacts } from '../artifacts.js';
import { ComposeProject, composeCheck } from '../compose/project.js';
import { Cluster } from '../kubernetes/cluster.js';
import { asList, asRecord } from '../kubernetes/manifest.js';
import { type Found, type ProxyFile, proxyCheck, title } from './proxy-file.js';

/** The servers that are the collectors of the stack file. */
const collectorServers = (file: ProxyFile, { plan }: Artifacts) =>
  plan === undefined
    ? []
    : file.backs.flatMap((proxy) =>
        proxy.servers
          .filter(({ host }) => [plan.collectors.name, `${plan.collectors.name}-pods`].includes(host.split('.')[0]!))
          .map((server) => ({ proxy, server, plan })),
      );

const slots = proxyCheck(
  'proxy-slots',
  'The proxy has a slot for every replica that the stack file allows',
  (file, artifacts) =>
    collectorServers(file, artifacts)
      .filter(({ server, plan }) => server.template && server.slots < plan.collectors.slots)
      .map(({ proxy, server, plan }) => {
        const { slots: needed, surge } = plan.collectors;
        const message = `${title(proxy)} has ${server.slots} slots for ${server.host}, and the stack file allows ${needed - surge} collectors, in a rolling update ${needed}: ${needed - server.slots} get no traffic`;
        return file.error(server.line, message, `write 1-${needed}`);
      }),
);

/** The longest until a server that fails its checks is left out: one interval, then the fast ones. */
function noticedMs({ options }: HaproxyServer): number {
  const inter = haproxyTimeMs(options.get('inter')) ?? 2000;
  const fast = haproxyTimeMs(options.get('fastinter')) ?? inter;
  return inter + (Number(options.get('fall') ?? 3) - 1) * fast;
}

const drain = proxyCheck('proxy-drain', 'The proxy has seen that a collector ends before it ends', (file, artifacts) =>
  collectorServers(file, artifacts)
    .filter(({ server }) => server.options.has('check'))
    .flatMap(({ proxy, server, plan }) => {
      const { delay } = plan.stack.collectors.drain;
      const noticed = noticedMs(server) / 1000;
      if (noticed <= delay) return [];
      const message = `${title(proxy)} takes ${noticed} s to leave a collector out that ends, and the stack file gives it collectors.drain.delay ${delay} s: requests meet one that is gone`;
      return [
        file.error(
          server.line,
          message,
          `lower inter, fastinter or fall, or write drain.delay: ${Math.ceil(noticed)}s`,
        ),
      ];
    }),
);

interface Told {
  readonly file: string;
  readonly text: string;
}

/** What a variable of the collectors says, in the manifests or in the Compose files that the proxy runs beside. */
function toldBy(file: ProxyFile, artifacts: Artifacts, variable: string): readonly Told[] {
  return file.mounted
    ? new Cluster(artifacts.manifests).manifests.flatMap((manifest) =>
        valuesOf(variable, manifest.document.value).map((text) => ({ file: manifest.document.file, text })),
      )
    : composeProjects(artifacts).flatMap((project) =>
        project.services.flatMap((service) => {
          const text = service.variable(variable);
          return text === undefined ? [] : [{ file: project.file, text }];
        }),
      );
}

/** Where the collectors deliver to, `host:port` each, by what says so. */
const deliveredTo = (file: ProxyFile, artifacts: Artifacts): ReadonlyArray<{ file: string; hosts: string[] }> =>
  toldBy(file, artifacts, 'INFLUX_URLS').map(({ file: from, text }) => ({
    file: from,
    hosts: text.split(',').flatMap((url) => (URL.canParse(url) ? [new URL(url).host] : [])),
  }));

/** The Compose files that start an HAProxy. */
const composeProjects = ({ compose, haproxy }: Artifacts): ComposeProject[] =>
  compose
    .flatMap(({ documents }) => documents.map((document) => new ComposeProject(document, haproxy)))
    .filter(({ proxyService }) => proxyService !== undefined);

/** The values of a variable in a manifest: in a ConfigMap's data, or in a container's env. */
function valuesOf(variable: string, value: unknown): string[] {
  const found: string[] = [];
  const visit = (at: unknown, depth: number): void => {
    if (typeof at !== 'object' || at === null || depth > 20) return;
    const record = asRecord(at);
    if (record['name'] === variable && typeof record['value'] === 'string') found.push(record['value']);
    if (typeof record[variable] === 'string') found.push(record[variable]);
    for (const below of Object.values(at)) visit(below, depth + 1);
  };
  visit(value, 0);
  return found;
}

const LANE = /^\/health\/lanes\/(.+)$/;

const lanes = proxyCheck(
  'proxy-lane',
  'Checks of lanes ask for backends that the collectors deliver to',
  (file, artifacts) => {
    const delivered = deliveredTo(file, artifacts);
    const servers = file.backs.flatMap((proxy) => proxy.servers.map(({ host, port }) => `${host}:${port}`));
    const known = delivered.length > 0 ? [...new Set(delivered.flatMap(({ hosts }) => hosts))] : servers;
    const where = delivered.length > 0 ? `INFLUX_URLS in ${delivered[0]!.file}` : file.config.file;
    const laneOf = (words: readonly string[]) => LANE.exec(words[words.indexOf('uri') + 1] ?? '')?.[1];
    const asked = file.backs.flatMap((proxy) =>
      proxy.all('http-check', 'send').map(({ words }) => decodeURIComponent(laneOf(words) ?? '')),
    );
    return file.backs.flatMap((proxy) =>
      proxy.all('http-check', 'send').flatMap(({ words, line }): Found[] => {
        const lane = laneOf(words);
        if (lane === undefined || known.includes(decodeURIComponent(lane))) return [];
        const near = closest(
          lane,
          known.filter((one) => !asked.includes(one)),
        );
        const message = `${title(proxy)} asks for the lane of ${lane}, and ${where} names ${known.join(', ')}: every answer is 404, so no read goes there`;
        return [file.error(line, message, near === undefined ? 'write one of those' : `write /health/lanes/${near}`)];
      }),
    );
  },
);

/** The name of the proxy, in Compose and in Kubernetes. */
const PROXY = 'load-balancer';

const handover = proxyCheck(
  'proxy-handover',
  'A collector that ends reaches the proxy in the protocol that it speaks',
  (file, artifacts) => {
    const isTrusted = toldBy(file, artifacts, 'HANDOVER_CA_FILE').length > 0;
    const told = new Map(toldBy(file, artifacts, 'HANDOVER_URL').map(({ file: from, text }) => [text, from]));
    return [...told].flatMap(([text, from]): Found[] => {
      if (!URL.canParse(text)) return [];
      const { protocol, hostname, port } = new URL(text);
      const bind = file.fronts.flatMap(({ binds }) => binds).find((it) => it.port === Number(port));
      if (hostname.split('.')[0] !== PROXY || bind === undefined || bind.tls === (protocol === 'https:')) return [];
      const message = `port ${port} speaks ${bind.tls ? 'TLS' : 'no TLS'}, and the collectors hand over to ${text} (${from}): what a drain leaves never arrives`;
      return [file.error(bind.line, message, handoverFix(bind.tls, isTrusted))];
    });
  },
);

function handoverFix(tls: boolean, isTrusted: boolean): string {
  if (!tls) {
    const rest = isTrusted ? ', and take proxy.tls.ca (HANDOVER_CA_FILE) out' : '';
    return `write http in HANDOVER_URL, under collectors.settings of the stack file${rest}`;
  }
  const rest = isTrusted ? '' : ', and proxy.tls.ca (HANDOVER_CA_FILE) where your own authority signed it';
  return `write https in HANDOVER_URL, under collectors.settings of the stack file, with a name that the certificate has${rest}`;
}

const fronts = proxyCheck(
  'proxy-port',
  'The proxy listens on the ports that the stack file names',
  (file, { plan }) => {
    if (plan === undefined || !file.fronts.some(({ binds }) => binds.length > 0)) return [];
    const { collectors, backends, grafana, proxy } = plan.stack;
    const bound = file.fronts.flatMap(({ binds }) => binds.map(({ port }) => port));
    const wanted = [
      ['backends.port', backends.port],
      ['collectors.port', collectors.port],
      ['proxy.port', proxy.port],
      ...(file.mounted ? [] : [['grafana.port', grafana.port] as const]),
    ] as const;
    return wanted
      .filter(([, port]) => !bound.includes(port))
      .map(([key, port]) => {
        const line = file.fronts.find(({ binds }) => binds.length > 0)!.line;
        const message = `nothing listens on port ${port}, which ${key} of the stack file names; bound are ${bound.join(', ')}`;
        return file.error(line, message, `add "bind :${port}", or change ${key}`);
      });
  },
);

const TARGET = /^([^:]+):(\d+)$/;

/** What the proxy does not listen on at all is another check's finding. */
const scraped = composeCheck(
  'proxy-scrape',
  'Prometheus scrapes the proxy at the front that has its exporter',
  ({ proxyService, proxies }, { prometheus }) => {
    if (proxyService === undefined) return [];
    const portsOf = (fronts: readonly HaproxyProxy[]) => fronts.flatMap(({ binds }) => binds.map(({ port }) => port));
    const bound = portsOf(proxies);
    const exporters = portsOf(proxies.filter((proxy) => proxy.all('http-request', 'use-service').length > 0));
    const fix =
      exporters.length === 0 ? 'add the exporter to a frontend' : `write ${proxyService.name}:${exporters[0]}`;
    return prometheus
      .flatMap(({ documents }) => documents)
      .flatMap((document) =>
        asList(document.at(['scrape_configs'])).flatMap((job, at) =>
          asList(job['static_configs']).flatMap(({ targets }, inner) =>
            (Array.isArray(targets) ? targets : []).flatMap((target, index): Found[] => {
              const [, host, port] = TARGET.exec(String(target)) ?? [];
              if (host === undefined || !proxyService.names.includes(host)) return [];
              if (!bound.includes(Number(port)) || exporters.includes(Number(port))) return [];
              const line = document.lineOf(['scrape_configs', at, 'static_configs', inner, 'targets', index]);
              const message = `job ${String(job['job_name'])} scrapes ${target}, where HAProxy has no exporter`;
              return [{ severity: 'error', file: document.file, line, message, fix }];
            }),
          ),
        ),
      );
  },
);

export const acrossChecks = [slots, drain, lanes, handover, fronts, scraped];
