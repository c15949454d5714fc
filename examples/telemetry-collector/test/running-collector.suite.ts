import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface StartOptions {
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** The text of a targets file; none: the demo. */
  targets?: string;
}

/** One process of the collector, and what it said. */
class Run {
  readonly child: ChildProcess;
  readonly log: LogLine[] = [];
  readonly closed: Promise<unknown>;
  readonly #waiting: Array<() => void> = [];
  output = '';
  errors = '';
  /** Whether it has ended, and all that it said was heard. */
  #isOver = false;

  constructor(folder: string, { args = [], env = {}, targets }: StartOptions) {
    this.child = spawn(process.execPath, [MAIN, ...args], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        ...(targets !== undefined && { TARGETS_FILE: join(folder, 'targets.yaml') }),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.closed = once(this.child, 'close').then(() => {
      this.#isOver = true;
    });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    createInterface({ input: this.child.stderr! }).on('line', (line) => this.#hear(line));
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  #hear(line: string): void {
    this.errors += `${line}\n`;
    if (line.startsWith('{')) this.log.push(JSON.parse(line) as LogLine);
    for (const look of this.#waiting.splice(0)) look();
  }

  async logged(message: string): Promise<LogLine> {
    for (;;) {
      const found = this.log.find(({ msg }) => msg.includes(message));
      if (found !== undefined) return found;
      if (this.#isOver) throw new Error(`it ended without saying "${message}":\n${this.errors}`);
      await Promise.race([new Promise<void>((resolve) => this.#waiting.push(resolve)), this.closed]);
    }
  }
}

/** The built collector as a process, in a folder of its own and on a free port. */
export class RunningCollector {
  readonly folder: string;
  #options: StartOptions;
  #run: Run;

  private constructor(folder: string, options: StartOptions) {
    this.folder = folder;
    this.#options = options;
    this.#run = new Run(folder, options);
  }

  static async start(options: StartOptions = {}): Promise<RunningCollector> {
    const folder = await mkdtemp(join(tmpdir(), 'collector-'));
    if (options.targets !== undefined) await writeFile(join(folder, 'targets.yaml'), options.targets);
    return new RunningCollector(folder, options);
  }

  /** What the latest process printed. */
  get output(): string {
    return this.#run.output;
  }

  get errors(): string {
    return this.#run.errors;
  }

  get pid(): number {
    return this.#run.child.pid!;
  }

  /** The first line of its log that says so, also one that is still to come. */
  logged(message: string): Promise<LogLine> {
    return this.#run.logged(message);
  }

  /** Where it listens, once it does. */
  async url(): Promise<string> {
    const { url } = await this.logged('listening');
    return url as string;
  }

  /** Asks its server. */
  async ask(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`${await this.url()}${path}`, init);
  }

  signal(signal: NodeJS.Signals): void {
    this.#run.child.kill(signal);
  }

  /** Ends it as a crash does; resolves when it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#run.closed;
  }

  /** Another process in the same folder, once the one before is gone, with the same settings but for those in `env`. */
  async restart(env: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.#run.closed;
    this.#options = { ...this.#options, env: { ...this.#options.env, ...env } };
    this.#run = new Run(this.folder, this.#options);
  }

  /** The exit code, once it has ended. */
  async ended(): Promise<number | null> {
    await this.#run.closed;
    return this.#run.child.exitCode;
  }

  /** Every line that the file sink has. */
  async lines(): Promise<string[]> {
    const folder = join(this.folder, 'data', 'points');
    const names = (await readdir(folder)).filter((name) => name.endsWith('.lp')).sort();
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    return texts.join('').split('\n').slice(0, -1);
  }

  async remove(): Promise<void> {
    if (!this.#run.hasEnded) this.signal('SIGKILL');
    await this.#run.closed;
    await rm(this.folder, { recursive: true });
  }
}
