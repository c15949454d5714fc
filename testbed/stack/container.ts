import { join } from 'node:path';
import type { ComposeService } from './compose-file.js';

/** A service as a process of this machine: an address in place of its own network, folders in place of its mounts. */
export class Container {
  readonly service: ComposeService;
  readonly host: string;
  readonly #folders: ReadonlyMap<string, string>;
  readonly #targets: RegExp | undefined;

  /** `root`: where the rendered files lie, and the folders that stand for volumes. */
  constructor(service: ComposeService, host: string, root: string) {
    this.service = service;
    this.host = host;
    this.#folders = new Map(
      service.mounts.map(({ source, target }) => [target, folderOf(root, service.name, source, target)]),
    );
    // The longest first, and only where a path begins and a name of it ends.
    const targets = [...this.#folders.keys()]
      .sort((a, b) => b.length - a.length)
      .map((each) => each.replace(/[.+?$()[\]{}|^\\*]/g, '\\$&'));
    this.#targets =
      targets.length === 0 ? undefined : new RegExp(`(?<![\\w./-])(?:${targets.join('|')})(?![\\w.-])`, 'g');
  }

  /** Folders that must be there before it starts. */
  get folders(): string[] {
    return [...this.#folders.values()];
  }

  /** A text of the container with the paths of this machine. */
  here(text: string): string {
    return this.#targets === undefined ? text : text.replace(this.#targets, (target) => this.#folders.get(target)!);
  }

  /** Its command with the paths and the address of this machine. */
  get command(): string[] {
    return this.service.command.map((word) => this.here(word).replace(/=:(\d+)$/, `=${this.host}:$1`));
  }

  get environment(): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.service.environment).map(([name, value]) => [name, this.here(value)]),
    );
  }
}

function folderOf(root: string, service: string, source: string | undefined, target: string): string {
  if (source === undefined) return join(root, 'tmpfs', service, target);
  if (source.startsWith('./')) return join(root, source);
  return source.startsWith('/') ? source : join(root, 'volumes', source);
}
