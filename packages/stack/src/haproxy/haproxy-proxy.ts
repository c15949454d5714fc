import type { HaproxyConfig, HaproxyLine, HaproxySection } from './haproxy-config.js';
import { type HaproxyServer, readAddress, readServers } from './haproxy-server.js';

export interface HaproxyBind {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly line: number;
}

/** A `frontend`, `backend` or `listen` together with what it takes over from its `defaults`. */
export class HaproxyProxy {
  readonly config: HaproxyConfig;
  readonly name: string;
  readonly line: number;
  readonly front: boolean;
  readonly back: boolean;
  readonly servers: readonly HaproxyServer[];
  readonly binds: readonly HaproxyBind[];
  /** Its own lines, without those of its `defaults`. */
  readonly lines: readonly HaproxyLine[];
  readonly #inherited: readonly HaproxyLine[];

  constructor(config: HaproxyConfig, section: HaproxySection, inherited: readonly HaproxyLine[]) {
    this.config = config;
    this.name = section.name ?? '';
    this.line = section.line;
    this.front = section.kind !== 'backend';
    this.back = section.kind !== 'frontend';
    this.lines = section.lines;
    this.#inherited = inherited;
    this.servers = readServers(inherited, section.lines);
    this.binds = section.lines.flatMap(({ words, line }) => (words[0] === 'bind' ? readBinds(words, line) : []));
  }

  /** Its lines that start with these words, and where it has none those of its `defaults`. */
  all(...start: string[]): readonly HaproxyLine[] {
    const starts = ({ words }: HaproxyLine) => start.every((word, at) => words[at] === word);
    const own = this.lines.filter(starts);
    return own.length > 0 ? own : this.#inherited.filter(starts);
  }

  /** The line that is in force for a directive such as `timeout client` or `option httpchk`. */
  last(...start: string[]): HaproxyLine | undefined {
    const is = this.all(...start).at(-1);
    const off = this.all('no', ...start).at(-1);
    return off !== undefined && (is === undefined || off.line > is.line) ? undefined : is;
  }

  get http(): boolean {
    return this.last('mode')?.words[1] === 'http';
  }
}

/** The proxies of a file, in its order. */
export function proxiesOf(config: HaproxyConfig): HaproxyProxy[] {
  const proxies: HaproxyProxy[] = [];
  const named = new Map<string, readonly HaproxyLine[]>();
  let latest: readonly HaproxyLine[] = [];
  for (const section of config.sections) {
    const inherited = section.from === undefined ? undefined : named.get(section.from);
    if (section.kind === 'defaults') {
      latest = [...(inherited ?? []), ...section.lines];
      if (section.name !== undefined) named.set(section.name, latest);
    }
    if (PROXIES.has(section.kind)) proxies.push(new HaproxyProxy(config, section, inherited ?? latest));
  }
  return proxies;
}

const PROXIES = new Set(['frontend', 'backend', 'listen']);

/** `bind :80,:443 ssl crt …`; what has no port, such as a Unix socket, is left out. */
function readBinds(words: readonly string[], line: number): HaproxyBind[] {
  return (words[1] ?? '').split(',').flatMap((address) => {
    const { host, port } = readAddress(address);
    return port === undefined ? [] : [{ host, port, tls: words.includes('ssl'), line }];
  });
}
