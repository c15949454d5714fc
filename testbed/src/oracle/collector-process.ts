import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { exchange } from './exchange.js';

const READY_WITHIN_MS = 60_000;
const KEPT = 20_000;

const NO_TARGETS = `apiVersion: breakwater/v1
kind: Targets
targets:
  - { name: self, probe: host, interval: 24h }
`;

/** A telemetry collector on one port and one folder, however often it is killed and started. */
export class CollectorProcess {
  readonly url: string;
  readonly folder: string;
  readonly #main: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #targets: string;
  #child: ChildProcess | undefined;
  #closed: Promise<unknown> = Promise.resolve();
  /** The end of what it said. */
  output = '';

  /** `main`: the built program; `targets`: the text of its targets file, by default next to none. */
  constructor(
    main: string,
    folder: string,
    port: number,
    env: Readonly<Record<string, string>>,
    targets: string = NO_TARGETS,
  ) {
    this.#main = main;
    this.#targets = targets;
    this.folder = folder;
    this.url = `http://127.0.0.1:${port}`;
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      TARGETS_FILE: join(folder, 'targets.yaml'),
      PORT: String(port),
      ...env,
    };
  }

  /** Resolves when it answers, ready or not. */
  async start(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await writeFile(join(this.folder, 'targets.yaml'), this.#targets);
    const child = spawn(process.execPath, [this.#main, '--plain'], {
      cwd: this.folder,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#closed = once(child, 'close');
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output = (this.output + text).slice(-KEPT);
      });
    }
    const until = performance.now() + READY_WITHIN_MS;
    while (!(await this.#answers())) {
      if (child.exitCode !== null || performance.now() > until)
        throw new Error(`no collector at ${this.url}:\n${this.output}`);
      await pause(25);
    }
  }

  async #answers(): Promise<boolean> {
    try {
      return (await exchange(`${this.url}/health/live`)).status === 200;
    } catch {
      return false;
    }
  }

  /** Sends a signal and waits for nothing: SIGSTOP and SIGCONT are a hang and its end. */
  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** A crash: nothing is said, nothing is put away. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#closed;
  }

  /** The exit code after an orderly end. */
  async end(): Promise<number | null> {
    this.#child?.kill('SIGTERM');
    await this.#closed;
    return this.#child?.exitCode ?? null;
  }

  async text(path: string): Promise<string> {
    return (await exchange(`${this.url}${path}`)).text;
  }
}
