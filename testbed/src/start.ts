import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './process/child.js';
import { requireProgram } from './process/programs.js';
import { until } from './process/wait.js';
import { SERVERS } from './registry.js';
import type { RunningServer, ServerDefinition, ServerPlan } from './server.js';

const READY_WITHIN_MS = 90_000;
const PORT_TRIES = 3;
const SHOWN_LINES = 20;
const PORT_TAKEN =
  /address already in use|cannot bind|failed to create listening socket|error opening specified endpoint/i;

type Servers = typeof SERVERS;
export type ServerKind = keyof Servers;
export type ServerOptions<K extends ServerKind> = Servers[K] extends ServerDefinition<infer O, object> ? O : never;
export type ServerDetails<K extends ServerKind> = Servers[K] extends ServerDefinition<never, infer D> ? D : never;

class Server implements RunningServer {
  readonly dir: string;
  readonly #kind: string;
  readonly #program: string;
  readonly #plan: ServerPlan<object>;
  #child: Child | undefined;

  constructor(kind: string, program: string, dir: string, plan: ServerPlan<object>) {
    this.#kind = kind;
    this.#program = program;
    this.#plan = plan;
    this.dir = dir;
  }

  get host(): string {
    return this.#plan.host ?? '127.0.0.1';
  }

  get port(): number {
    return this.#plan.port;
  }

  get pid(): number {
    return this.#child!.pid;
  }

  output(): string {
    return this.#child?.output ?? '';
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.signal(name);
  }

  async restart(): Promise<void> {
    await this.#child?.stop();
    const child = await Child.start(this.#program, this.#plan.args, this.#plan.env ?? {});
    this.#child = child;
    try {
      await until(
        () => this.#ask(child),
        this.#plan.readyWithinMs ?? READY_WITHIN_MS,
        () => child.ended,
      );
    } catch (error) {
      await child.stop();
      const reason = error instanceof Error ? error.message : String(error);
      const lastLines = child.output.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n');
      throw new Error(`testbed: ${this.#kind} did not start: ${reason}\n${lastLines}`, { cause: error });
    }
  }

  /** An answer counts only from a child that runs: it may have come from whoever has the port in its place. */
  async #ask(child: Child): Promise<void> {
    await this.#plan.ready().finally(() => {
      if (child.ended) throw new Error(`it ended with ${child.ending}`);
    });
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
    await rm(this.dir, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/**
 * Starts a real server on a free loopback port, in a folder of its own under the system's temporary one, and waits until
 * it answers. A missing program is installed through apt where that can work; else the error names the Debian package.
 */
export async function startServer<K extends ServerKind>(
  kind: K,
  options?: ServerOptions<K>,
): Promise<RunningServer & ServerDetails<K>> {
  if (process.env['BREAKWATER_SERVERS'] === 'none') {
    throw new Error(
      `testbed: BREAKWATER_SERVERS=none, so ${kind} is not started; call a test that needs it *.servers.test.ts`,
    );
  }
  const definition: ServerDefinition<never, object> = SERVERS[kind];
  const server = await startProgram(kind, definition, (options ?? {}) as never);
  return server as RunningServer as RunningServer & ServerDetails<K>;
}

/** The same for a program that the registry does not know; `name` is what messages call it. */
export async function startProgram<Options, Details extends object>(
  name: string,
  definition: ServerDefinition<Options, Details>,
  options: Options,
): Promise<RunningServer & Details> {
  const program = await requireProgram(definition);
  for (let tries = 1; ; tries++) {
    const dir = await mkdtemp(join(tmpdir(), `breakwater-${name}-`));
    try {
      const plan = await definition.plan(dir, options);
      const server = new Server(name, program, dir, plan);
      await server.restart();
      return Object.assign(server, plan.details);
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      if (tries === PORT_TRIES || !(error instanceof Error) || !PORT_TAKEN.test(error.message)) throw error;
    }
  }
}
