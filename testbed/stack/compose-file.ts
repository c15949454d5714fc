import { YamlSource } from '@breakwater/stack';

/** A folder of a container, and what of the Compose file lies behind it. */
export interface Mount {
  readonly target: string;
  /** A path (`./prometheus`, `/`), or the name of a volume; undefined: a tmpfs. */
  readonly source: string | undefined;
}

/** What a service of a Compose file says that holds for a process too. */
export interface ComposeService {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** The names that DNS answers with its address, beside its own. */
  readonly aliases: readonly string[];
  /** What its health check asks for; undefined where that is no URL. */
  readonly healthUrl: URL | undefined;
}

interface WrittenService {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly networks?: Readonly<Record<string, { readonly aliases?: readonly string[] }>>;
  readonly healthcheck?: { readonly test?: readonly string[] };
}

/** The services of a Compose file as it is rendered, with `secrets` for the variables that it asks for. */
export function composeServices(text: string, secrets: Readonly<Record<string, string>>): ComposeService[] {
  const [document] = new YamlSource('docker-compose.ha.yml', text).documents;
  const { services } = document!.value as { services: Record<string, WrittenService> };
  return Object.entries(services).map(([name, written]) => ({
    name,
    command: written.command ?? [],
    environment: Object.fromEntries(
      Object.entries(written.environment ?? {}).map(([variable, value]) => [variable, filled(String(value), secrets)]),
    ),
    mounts: [
      ...(written.volumes ?? []).map((volume) => {
        const [source, target] = volume.split(':');
        return { source, target: target! };
      }),
      ...(written.tmpfs ?? []).map((tmpfs) => ({ source: undefined, target: tmpfs.split(':')[0]! })),
    ],
    aliases: Object.values(written.networks ?? {}).flatMap(({ aliases = [] }) => aliases),
    healthUrl: healthUrl(written.healthcheck?.test ?? []),
  }));
}

/** `${NAME:?why}` and `$$`, the forms that the rendered file has. */
function filled(value: string, secrets: Readonly<Record<string, string>>): string {
  return value.replace(/\$\$|\$\{(\w+)(?::\?[^}]*)?\}/g, (found, variable: string | undefined) => {
    if (variable === undefined) return '$';
    const secret = secrets[variable];
    if (secret === undefined)
      throw new Error(`docker-compose.ha.yml asks for ${found}, which is no secret of the stack`);
    return secret;
  });
}

function healthUrl(test: readonly string[]): URL | undefined {
  const url = test.findLast((word) => word.startsWith('http://'));
  return url === undefined ? undefined : new URL(url);
}
