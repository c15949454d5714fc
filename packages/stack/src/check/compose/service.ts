import type { Finding } from '../../finding.js';
import type { Path, YamlDocument } from '../../source/yaml-source.js';

export type Found = Omit<Finding, 'check'>;

type Value = Readonly<Record<string, unknown>>;

export const asRecord = (value: unknown): Value =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Value) : {};

const asTexts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

export interface Publication {
  /** Undefined: every address. */
  readonly address: string | undefined;
  /** First and last port of the host; undefined: any that is free. */
  readonly host: readonly [number, number] | undefined;
  readonly container: number;
  readonly path: Path;
}

export interface Mount {
  /** A path, or the name of a volume; undefined: a volume without a name. */
  readonly source: string | undefined;
  readonly target: string;
  readonly readOnly: boolean;
  readonly path: Path;
}

export interface Variable {
  readonly name: string;
  readonly value: unknown;
  readonly path: Path;
}

/** A service of a Compose file, with the short and the long forms of its keys read alike. */
export class ComposeServiceView {
  readonly name: string;
  readonly value: Value;
  readonly #document: YamlDocument;

  constructor(document: YamlDocument, name: string, value: unknown) {
    this.#document = document;
    this.name = name;
    this.value = asRecord(value);
  }

  found(path: Path, message: string, fix: string, severity: Finding['severity'] = 'error'): Found {
    const at = ['services', this.name, ...path];
    return {
      severity,
      file: this.#document.file,
      line: this.#document.lineOf(at),
      message: `service ${this.name}: ${message}`,
      fix,
    };
  }

  get image(): string {
    return String(this.value['image'] ?? '');
  }

  /** The image without registry, organisation and tag: `redis` of `docker.io/library/redis:7`. */
  get program(): string {
    return this.image
      .replace(/@.*$/, '')
      .replace(/:[^/:]*$/, '')
      .split('/')
      .at(-1)!;
  }

  get command(): string {
    const { command } = this.value;
    return Array.isArray(command) ? command.join(' ') : String(command ?? '');
  }

  get variables(): Variable[] {
    const { environment } = this.value;
    if (Array.isArray(environment)) {
      return environment.map(String).map((entry, index) => {
        const [name = '', ...rest] = entry.split('=');
        return { name, value: rest.join('='), path: ['environment', index] };
      });
    }
    return Object.entries(asRecord(environment)).map(([name, value]) => ({ name, value, path: ['environment', name] }));
  }

  variable(name: string): string | undefined {
    const found = this.variables.find((each) => each.name === name);
    return found === undefined || found.value === null ? undefined : String(found.value);
  }

  get dependencies(): Array<{ name: string; condition: string; path: Path }> {
    const { depends_on: on } = this.value;
    if (Array.isArray(on)) {
      return on.map((name, index) => ({
        name: String(name),
        condition: 'service_started',
        path: ['depends_on', index],
      }));
    }
    return Object.entries(asRecord(on)).map(([name, value]) => ({
      name,
      condition: String(asRecord(value)['condition'] ?? 'service_started'),
      path: ['depends_on', name],
    }));
  }

  /** `default` where it names none. */
  get networks(): string[] {
    const { networks } = this.value;
    const names = Array.isArray(networks) ? networks.map(String) : Object.keys(asRecord(networks));
    return names.length > 0 ? names : ['default'];
  }

  /** What others find it by. */
  get names(): string[] {
    const aliases = Object.values(asRecord(this.value['networks'])).flatMap((each) =>
      asTexts(asRecord(each)['aliases']),
    );
    const { container_name: container, hostname } = this.value;
    return [this.name, ...aliases, ...[container, hostname].filter((each) => each !== undefined).map(String)];
  }

  get published(): Publication[] {
    const { ports } = this.value;
    return Array.isArray(ports) ? ports.flatMap((each, index) => readPort(each, ['ports', index])) : [];
  }

  get mounts(): Mount[] {
    const { volumes } = this.value;
    return Array.isArray(volumes) ? volumes.map((each, index) => readMount(each, ['volumes', index])) : [];
  }
}

/** `8086:8086`, `127.0.0.1:8080-8089:8080`, `${ADDRESS:-127.0.0.1}:3000:3000/tcp`, `9090`, or the long form. */
function readPort(value: unknown, path: Path): Publication[] {
  if (typeof value === 'object' && value !== null) {
    const { target, published, host_ip: address } = asRecord(value);
    const host = published === undefined ? undefined : rangeOf(String(published));
    return [{ address: address === undefined ? undefined : String(address), host, container: Number(target), path }];
  }
  const text = standardOf(String(value)).replace(/\/\w+$/, '');
  const [, address, host, container] = /^(?:(?:(\[.*\]|[^:]+):)?(\d+(?:-\d+)?)?:)?(\d+)(?:-\d+)?$/.exec(text) ?? [];
  return container === undefined
    ? []
    : [{ address, host: host === undefined ? undefined : rangeOf(host), container: Number(container), path }];
}

function rangeOf(text: string): readonly [number, number] {
  const [first = 0, last = first] = text.split('-').map(Number);
  return [first, last];
}

/** With the defaults of its variables: `${A:-b}` is `b`. */
export const standardOf = (text: string): string => text.replaceAll(/\$\{\w+(?::?-([^}]*))?[^}]*\}/g, '$1');

function readMount(value: unknown, path: Path): Mount {
  if (typeof value === 'object' && value !== null) {
    const { source, target, read_only: readOnly } = asRecord(value);
    const from = source === undefined ? undefined : String(source);
    return { source: from, target: String(target), readOnly: readOnly === true, path };
  }
  const parts = String(value).split(':');
  if (parts.length === 1) return { source: undefined, target: parts[0]!, readOnly: false, path };
  return { source: parts[0], target: parts[1]!, readOnly: (parts[2] ?? '').split(',').includes('ro'), path };
}
