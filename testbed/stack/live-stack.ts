import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type Plan, parseStack, planStack, renderPatched } from '@breakwater/stack';
import { askForAll, expectOk } from '../src/process/ask.js';
import { until } from '../src/process/wait.js';
import type { RunningServer, ServerDefinition } from '../src/server.js';
import { startProgram, startServer } from '../src/start.js';
import { loopbackAddresses } from './addresses.js';
import { type ComposeService, composeServices } from './compose-file.js';
import { Container } from './container.js';
import { kindOf, NOT_RUN, PROGRAMS, type Program } from './programs.js';
import { withAddresses } from './prometheus-file.js';

const COMPOSE_FILE = 'docker-compose.ha.yml';
const RELOADED_WITHIN_MS = 60_000;
/** Several start at once, perhaps on a machine with other work. */
const READY_WITHIN_MS = 90_000;
/** What one service needs before another starts. */
const ORDER = [
  'influxdb',
  'redis',
  'network-telemetry',
  'load-balancer',
  'alertmanager',
  'node-exporter',
  'prometheus',
];

export interface LiveStackOptions {
  /** The stack file. */
  readonly file: string;
  /** The text of the targets file. Default: the one that the stack file names. */
  readonly targets?: string;
  /** Added to the environment of a collector. */
  readonly environment?: (service: string) => Readonly<Record<string, string>>;
}

/**
 * A stack as processes of this machine, from the files that are rendered from its stack file. Images are replaced by the
 * programs of Debian and the built collector, the addresses of services by loopback addresses with the ports that they
 * have in the stack, and the paths of containers by folders below `folder`.
 */
export class LiveStack implements AsyncDisposable {
  readonly plan: Plan;
  readonly folder: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly addresses: ReadonlyMap<string, string>;
  /** Services that have no program here, by name, with the reason. */
  readonly notRun: ReadonlyMap<string, string>;
  readonly #running = new Map<string, RunningServer>();
  readonly #containers: readonly Container[];
  readonly #environment: NonNullable<LiveStackOptions['environment']>;
  #dns: (RunningServer & { readonly server: string; readonly hostsFile: string }) | undefined;

  private constructor(
    plan: Plan,
    folder: string,
    secrets: Readonly<Record<string, string>>,
    services: readonly ComposeService[],
    addresses: ReadonlyMap<string, string>,
    environment: NonNullable<LiveStackOptions['environment']>,
  ) {
    this.plan = plan;
    this.folder = folder;
    this.secrets = secrets;
    this.addresses = addresses;
    this.notRun = new Map(
      services.flatMap(({ name }) => (NOT_RUN[kindOf(name)] ? [[name, NOT_RUN[kindOf(name)]!]] : [])),
    );
    this.#environment = environment;
    const runs = services.filter(({ name }) => !this.notRun.has(name));
    const unknown = runs.filter(({ name }) => !ORDER.includes(kindOf(name)));
    if (unknown.length > 0) {
      const names = unknown.map(({ name }) => name).join(', ');
      throw new Error(
        `${COMPOSE_FILE} has ${names}: say in testbed/stack/programs.ts what runs for it, or why nothing can`,
      );
    }
    this.#containers = runs
      .sort((a, b) => ORDER.indexOf(kindOf(a.name)) - ORDER.indexOf(kindOf(b.name)))
      .map((service) => new Container(service, addresses.get(service.name)!, folder));
  }

  static async start({ file, targets, environment = () => ({}) }: LiveStackOptions): Promise<LiveStack> {
    const { stack, document } = parseStack(await readFile(file, 'utf8'), basename(file));
    const text = targets ?? (await readFile(join(dirname(file), stack.collectors.targets), 'utf8'));
    const plan = planStack(stack, { targets: text });
    const rendered = new Map(renderPatched(plan, document).map((each) => [each.path, each.text]));
    const secrets = Object.fromEntries(plan.secrets.map(({ variable }) => [variable, randomBytes(16).toString('hex')]));
    const services = composeServices(rendered.get(COMPOSE_FILE)!, secrets);
    const addresses = await loopbackAddresses(
      services.map(({ name }) => name),
      stack.backends.port,
    );
    const folder = await mkdtemp(join(tmpdir(), 'breakwater-stack-'));
    const live = new LiveStack(plan, folder, secrets, services, addresses, environment);
    try {
      await live.#startAll(rendered, text);
      return live;
    } catch (error) {
      await live.stop();
      throw error;
    }
  }

  /** The names of what runs, in the order of their starts. */
  get services(): string[] {
    return this.#containers.map(({ service }) => service.name);
  }

  get collectors(): string[] {
    return this.services.filter((name) => kindOf(name) === 'network-telemetry');
  }

  get backends(): string[] {
    return this.services.filter((name) => kindOf(name) === 'influxdb');
  }

  /** `http://127.0.0.1:8086` of a service; by default with its own port. */
  url(service: string, port: number = this.portOf(service)): string {
    return `http://${this.addresses.get(service)}:${port}`;
  }

  portOf(service: string): number {
    return kindOf(service) === 'influxdb' ? this.plan.stack.backends.port : PROGRAMS[kindOf(service)]!.port(this.plan);
  }

  server(service: string): RunningServer {
    const server = this.#running.get(service);
    if (server === undefined) throw new Error(`stack: there is no ${service}; there are ${this.services.join(', ')}`);
    return server;
  }

  /** Tells the master of the proxy to reload, and waits until another worker answers. */
  async reloadProxy(): Promise<void> {
    const worker = async () => {
      const answer = await fetch(`${this.url('load-balancer')}/stats`, { signal: AbortSignal.timeout(5_000) });
      return /pid =\D*(\d+)/.exec(await answer.text())?.[1];
    };
    const before = await worker();
    this.server('load-balancer').signal('SIGUSR2');
    await until(async () => {
      const now = await worker();
      if (now === undefined || now === before) throw new Error('stack: the proxy was not reloaded');
    }, RELOADED_WITHIN_MS);
  }

  /** Ends everything, collectors first, and deletes its folders. */
  async stop(): Promise<void> {
    const byKind = (wanted: boolean) =>
      [...this.#running].filter(([name]) => (kindOf(name) === 'network-telemetry') === wanted).map(([, each]) => each);
    await Promise.all(byKind(true).map((server) => server.stop()));
    await Promise.all([...byKind(false), ...(this.#dns === undefined ? [] : [this.#dns])].map((each) => each.stop()));
    await rm(this.folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #startAll(rendered: ReadonlyMap<string, string>, targets: string): Promise<void> {
    const names = this.#containers.flatMap(({ service, host }) =>
      [service.name, ...service.aliases].map((name) => `${host} ${name}\n`),
    );
    this.#dns = await startServer('dnsmasq', { ttlSeconds: 1 });
    await writeFile(this.#dns.hostsFile, names.join(''));
    this.#dns.signal('SIGHUP');
    await this.#writeFiles(rendered, targets);
    for (const kind of ORDER) {
      const ofKind = this.#containers.filter(({ service }) => kindOf(service.name) === kind);
      await Promise.all(ofKind.map((container) => this.#start(container)));
    }
  }

  async #writeFiles(rendered: ReadonlyMap<string, string>, targets: string): Promise<void> {
    const container = (name: string) => this.#containers.find(({ service }) => service.name === name)!;
    const proxy = container('load-balancer');
    const changed: Record<string, (text: string) => string> = {
      'haproxy/haproxy.cfg': (text) =>
        proxy
          .here(text)
          .replaceAll('bind :', `bind ${proxy.host}:`)
          .replace('parse-resolv-conf', `nameserver stack ${this.#dns!.server}`),
      'deploy/redis/start.sh': (text) => container('redis').here(text),
      'prometheus/prometheus.yml': (text) =>
        withAddresses(text, (name) => this.addresses.get(name === 'localhost' ? 'prometheus' : name)!),
    };
    for (const each of this.#containers) {
      for (const folder of each.folders) await mkdir(folder, { recursive: true });
    }
    for (const [path, text] of [...rendered, [this.plan.stack.collectors.targets, targets] as const]) {
      await mkdir(dirname(join(this.folder, path)), { recursive: true });
      await writeFile(join(this.folder, path), changed[path]?.(text) ?? text);
    }
  }

  async #start(container: Container): Promise<void> {
    const { name } = container.service;
    const kind = kindOf(name);
    const server =
      kind === 'influxdb'
        ? await startServer('influxdb', {
            at: { host: container.host, port: this.portOf(name) },
            database: this.plan.stack.backends.bucket,
          })
        : await startProgram(name, this.#definition(PROGRAMS[kind]!, container), {});
    this.#running.set(name, server);
  }

  #definition(program: Program, container: Container): ServerDefinition<object, object> {
    const { name, healthUrl } = container.service;
    const port = program.port(this.plan);
    const ready = async () => {
      if (kindOf(name) === 'redis') return void (await askForAll(port, 'PING\r\n', undefined, container.host));
      const path = kindOf(name) === 'network-telemetry' ? '/health/ready' : healthUrl!.pathname;
      await expectOk(`http://${container.host}:${port}${path}`);
    };
    return {
      ...program,
      plan: async () => ({
        host: container.host,
        port,
        args: program.args(container),
        env: { ...container.environment, ...this.#added(container) },
        details: {},
        readyWithinMs: READY_WITHIN_MS,
        ready,
      }),
    };
  }

  /** What a process must be told that a container knows from its network. */
  #added({ host, service: { name } }: Container): Record<string, string> {
    if (kindOf(name) !== 'network-telemetry') return {};
    return {
      HOST: host,
      // A container is its own host, with a name of its own.
      REPLICA_ID: `${name}:${this.portOf(name)}`,
      DNS_SERVERS: this.#dns!.server,
      ...this.#environment(name),
    };
  }
}
