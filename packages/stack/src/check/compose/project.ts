import type { HaproxyConfig } from '../../haproxy/haproxy-config.js';
import { type HaproxyProxy, proxiesOf } from '../../haproxy/haproxy-proxy.js';
import type { Path, YamlDocument } from '../../source/yaml-source.js';
import type { Artifacts } from '../artifacts.js';
import type { Check } from '../check.js';
import { asRecord, ComposeServiceView, type Found, standardOf } from './service.js';

/** What listens where by itself, by the name of the image. */
const STANDARD_PORTS: Readonly<Record<string, number>> = {
  influxdb: 8086,
  grafana: 3000,
  redis: 6379,
  postgres: 5432,
  prometheus: 9090,
  alertmanager: 9093,
  redis_exporter: 9121,
  'node-exporter': 9100,
  cadvisor: 8080,
};
const PORT_VARIABLES = [
  'PORT',
  'INFLUXD_HTTP_BIND_ADDRESS',
  'GF_SERVER_HTTP_PORT',
  'REDIS_EXPORTER_WEB_LISTEN_ADDRESS',
];

/** A Compose file. */
export class ComposeProject {
  readonly file: string;
  readonly services: readonly ComposeServiceView[];
  readonly #document: YamlDocument;
  readonly #configs: readonly HaproxyConfig[];

  constructor(document: YamlDocument, configs: readonly HaproxyConfig[]) {
    this.file = document.file;
    this.#document = document;
    this.#configs = configs;
    const services = asRecord(asRecord(document.value)['services']);
    this.services = Object.entries(services).map(([name, value]) => new ComposeServiceView(document, name, value));
  }

  lineOf(path: Path): number {
    return this.#document.lineOf(path);
  }

  /** The names that are defined under a key of the file, such as `volumes`. */
  defined(key: 'volumes' | 'networks'): string[] {
    return Object.keys(asRecord(this.#document.at([key])));
  }

  service(name: string): ComposeServiceView | undefined {
    return this.services.find((each) => each.name === name);
  }

  /** Those that a name leads to. */
  named(host: string): ComposeServiceView[] {
    return this.services.filter(({ names }) => names.includes(host));
  }

  get names(): string[] {
    return [...new Set(this.services.flatMap(({ names }) => names))];
  }

  /** HAProxy, where this file starts one. */
  get proxyService(): ComposeServiceView | undefined {
    return this.services.find(({ program }) => program.startsWith('haproxy'));
  }

  /** Prometheus, where this file starts one. */
  get prometheusService(): ComposeServiceView | undefined {
    return this.services.find(({ program }) => program === 'prometheus');
  }

  get proxies(): HaproxyProxy[] {
    return this.proxyService === undefined ? [] : this.#configs.flatMap(proxiesOf);
  }

  get proxyConfigs(): readonly HaproxyConfig[] {
    return this.proxyService === undefined ? [] : this.#configs;
  }

  /** Collectors of ours: what is told where its targets are, or where to deliver. */
  get collectors(): ComposeServiceView[] {
    return this.services.filter((service) => ['TARGETS_FILE', 'INFLUX_URLS'].every((name) => service.variable(name)));
  }

  /** The ports that a service listens on, where that can be told. */
  portsOf(service: ComposeServiceView): number[] | undefined {
    if (service === this.proxyService && this.proxies.length > 0) {
      return this.proxies.flatMap(({ binds }) => binds.map(({ port }) => port));
    }
    const said = PORT_VARIABLES.map((name) => service.variable(name)).concat(
      /--(?:web\.listen-address|port)[= ](\S+)/.exec(service.command)?.[1],
    );
    const ports = said.flatMap((text) => /(?:^|:)(\d+)$/.exec(standardOf(text ?? ''))?.[1] ?? []).map(Number);
    const exposed = service.value['expose'];
    const known = [...ports, ...(Array.isArray(exposed) ? exposed.map(Number) : [])];
    if (known.length > 0) return known;
    const standard = STANDARD_PORTS[service.program];
    return standard === undefined ? undefined : [standard];
  }
}

/** A check of each Compose file by itself, with the files that its services mount. */
export function composeCheck(
  id: string,
  holds: string,
  run: (project: ComposeProject, artifacts: Artifacts) => readonly Found[],
): Check {
  return {
    id,
    holds,
    run: (artifacts) =>
      artifacts.compose
        .flatMap(({ documents }) => documents)
        .flatMap((document) => run(new ComposeProject(document, artifacts.haproxy), artifacts)),
  };
}

/** A check of each service by itself. */
export const serviceCheck = (
  id: string,
  holds: string,
  run: (service: ComposeServiceView, project: ComposeProject, artifacts: Artifacts) => readonly Found[],
): Check =>
  composeCheck(id, holds, (project, artifacts) =>
    project.services.flatMap((service) => run(service, project, artifacts)),
  );
