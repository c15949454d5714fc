import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { requireProgram } from '@breakwater/testbed';
import { run } from './command.js';
import { imageOf } from './images.js';

interface Container {
  readonly Id: string;
  readonly State: { readonly Status: string; readonly ExitCode: number; readonly Health?: Health };
  readonly Config: { readonly Labels: Readonly<Record<string, string>> };
}

interface Health {
  readonly Status: string;
  readonly Log: ReadonlyArray<{ readonly Output: string }> | null;
}

export interface ServiceState {
  readonly container: string;
  readonly service: string;
  readonly status: string;
  readonly exitCode: number;
  /** What its health check said last. */
  readonly said: string;
}

const SERVICE_LABEL = 'com.docker.compose.service';

/** A Compose file of ours, with images that were built here and secrets that were made up. */
export class ComposeStack implements AsyncDisposable {
  /** What runs, and what cannot for lack of an image. */
  readonly services: readonly string[];
  readonly missing: readonly string[];
  readonly secrets: Readonly<Record<string, string>>;
  readonly #root: string;
  readonly #dir: string;
  readonly #args: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #project: string;

  private constructor(
    root: string,
    dir: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    secrets: Readonly<Record<string, string>>,
    services: readonly string[],
  ) {
    this.#root = root;
    this.#dir = dir;
    this.#args = args;
    this.#env = env;
    this.#project = args[1]!;
    this.secrets = secrets;
    this.services = services.filter((service) => imageOf(service) !== undefined);
    this.missing = services.filter((service) => imageOf(service) === undefined);
  }

  static async prepare(root: string, file: string, env: Readonly<Record<string, string>>): Promise<ComposeStack> {
    await requireProgram({ program: 'docker-compose', debianPackage: 'docker-compose' });
    const dir = await mkdtemp(join(tmpdir(), 'breakwater-compose-'));
    const secrets = await madeUp(join(root, '.env.example'));
    const lines = Object.entries(secrets).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(join(dir, 'env'), lines.join(''), { mode: 0o600 });
    const project = `breakwater-${process.pid}`;
    const base = ['-p', project, '--env-file', join(dir, 'env'), '--project-directory', root, '-f', join(root, file)];
    const services = (await run('docker-compose', [...base, 'config', '--services'], { env }))
      .trim()
      .split('\n')
      .sort();
    const swapped = services.flatMap((service) => {
      const image = imageOf(service);
      return image === undefined ? [] : [[service, { image }] as const];
    });
    const override = join(dir, 'images.json');
    await writeFile(override, JSON.stringify({ services: Object.fromEntries(swapped) }));
    return new ComposeStack(root, dir, [...base, '-f', override], env, secrets, services);
  }

  compose(...args: readonly string[]): Promise<string> {
    return run('docker-compose', [...this.#args, ...args], { env: this.#env, cwd: this.#root });
  }

  docker(...args: readonly string[]): Promise<string> {
    return run('docker', args, { env: this.#env });
  }

  async up(...args: readonly string[]): Promise<void> {
    await this.compose('up', '-d', '--no-build', ...args, ...this.services);
  }

  async states(): Promise<ServiceState[]> {
    const filter = ['--filter', `label=com.docker.compose.project=${this.#project}`];
    const ids = (await this.docker('ps', '-aq', ...filter)).split('\n').filter((id) => id !== '');
    if (ids.length === 0) return [];
    const containers = JSON.parse(await this.docker('inspect', ...ids)) as Container[];
    return containers.map(({ Id, State, Config }) => ({
      container: Id,
      service: Config.Labels[SERVICE_LABEL] ?? '?',
      status: State.Status === 'running' ? (State.Health?.Status ?? 'without a health check') : State.Status,
      exitCode: State.ExitCode,
      said: State.Health?.Log?.at(-1)?.Output.trim() ?? '',
    }));
  }

  /** Waits until every container of what runs is healthy; throws and names those that are not. */
  async healthy(withinMs: number, services: readonly string[] = this.services): Promise<void> {
    const end = performance.now() + withinMs;
    for (;;) {
      const states = (await this.states()).filter(({ service }) => services.includes(service));
      const left = states.filter(({ status }) => status !== 'healthy');
      const absent = services.filter((service) => !states.some((state) => state.service === service));
      if (left.length + absent.length === 0) return;
      if (performance.now() > end) {
        const words = left.map(({ service, status, said }) => `${service} is ${status}: ${said}`);
        throw new Error([...words, ...absent.map((service) => `${service} is not there`)].join('\n'));
      }
      await pause(1_000);
    }
  }

  async containerOf(service: string): Promise<string> {
    const found = (await this.states()).find((state) => state.service === service);
    if (found === undefined) throw new Error(`there is no container of ${service}`);
    return found.container;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.compose('down', '--volumes', '--timeout', '5', '--remove-orphans').catch((error: Error) => {
      process.stderr.write(`${error.message}\n`);
    });
    await rm(this.#dir, { recursive: true, force: true });
  }
}

/** A value for every variable of an env file that has none. */
async function madeUp(file: string): Promise<Record<string, string>> {
  const text = await readFile(file, 'utf8');
  const names = [...text.matchAll(/^([A-Z][A-Z0-9_]*)=$/gm)].map(([, name]) => name!);
  return Object.fromEntries(names.map((name) => [name, randomBytes(24).toString('hex')]));
}
