import type { YamlDocument } from '../../source/yaml-source.js';
import type { Artifacts } from '../artifacts.js';
import { asRecord, type Value } from '../kubernetes/manifest.js';

/** A service of a Compose file. */
export interface ComposeServiceAt {
  readonly document: YamlDocument;
  readonly name: string;
  readonly value: Value;
  readonly environment: ReadonlyMap<string, string>;
  /** The names that other services reach it by. */
  readonly names: readonly string[];
  readonly replicas: number;
}

/** The services of every Compose file that starts an HAProxy, file by file: those that a haproxy.cfg can name. */
export function composeStacks({ compose }: Artifacts): ReadonlyArray<readonly ComposeServiceAt[]> {
  return compose
    .flatMap(({ documents }) => documents)
    .map((document) =>
      Object.entries(asRecord(document.at(['services']))).map(([name, value]) =>
        service(document, name, asRecord(value)),
      ),
    )
    .filter((services) => services.some(isProxy));
}

export const isProxy = ({ value }: ComposeServiceAt): boolean =>
  /(?:^|\/)haproxy(?:[:@-]|$)/.test(String(value['image'] ?? ''));

function service(document: YamlDocument, name: string, value: Value): ComposeServiceAt {
  const { networks, container_name: container, environment, scale } = value;
  const aliases = Object.values(asRecord(networks)).flatMap((network) => asRecord(network)['aliases'] ?? []);
  return {
    document,
    name,
    value,
    environment: environmentOf(environment),
    names: [name, ...[container, ...aliases].filter((alias) => typeof alias === 'string')],
    replicas: Number(asRecord(value['deploy'])['replicas'] ?? scale ?? 1),
  };
}

/** Compose takes a map, or a list of `NAME=value`. */
function environmentOf(environment: unknown): ReadonlyMap<string, string> {
  const entries: Array<[string, unknown]> = Array.isArray(environment)
    ? environment.map((entry) => {
        const [name, ...rest] = String(entry).split('=');
        return [name!, rest.join('=')];
      })
    : Object.entries(asRecord(environment));
  return new Map(entries.map(([name, value]) => [name, String(value)]));
}

/** The ports that a service says it listens on; empty: it does not say. */
export function portsOf({ value, environment }: ComposeServiceAt): readonly number[] {
  const told = ['PORT', 'GF_SERVER_HTTP_PORT'].flatMap((name) => environment.get(name) ?? []).map(Number);
  const listed = [value['expose'], value['ports']].flatMap((list) => (Array.isArray(list) ? list : []));
  return [...told, ...listed.map(containerPort)].filter(Number.isInteger);
}

/** The container's side of `8080`, `80:8080`, `127.0.0.1:80:8080/tcp`, `{ target: 8080 }`. */
export const containerPort = (entry: unknown): number =>
  typeof entry === 'object'
    ? Number(asRecord(entry)['target'])
    : Number(String(entry).split('/')[0]!.split(':').at(-1));
