import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { findProgram } from './programs.js';

const KEPT_OUTPUT = 65_536;
const STOP_WITHIN_MS = 5_000;

const running = new Set<ChildProcess>();
let hooked = false;

/** Leaves no server behind when this process ends in an orderly way; for `kill -9` there is `tiedToUs`. */
function killAtExit(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
  if (hooked) return;
  hooked = true;
  process.once('exit', () => {
    for (const left of running) left.kill('SIGKILL');
  });
}

let tie: Promise<readonly string[]> | undefined;

/** A prefix that makes Linux kill the command when we die, even by `kill -9`; empty where util-linux' setpriv is missing. */
function tiedToUs(): Promise<readonly string[]> {
  tie ??= findProgram('setpriv').then((setpriv) => {
    if (setpriv === undefined || process.platform !== 'linux') return [];
    const version = spawnSync(setpriv, ['--version'], { encoding: 'utf8' });
    return version.stdout.includes('util-linux') ? [setpriv, '--pdeathsig', 'KILL'] : [];
  });
  return tie;
}

/** A child process whose output is kept for error messages, and which cannot outlive us. */
export class Child {
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  #output = '';

  private constructor(child: ChildProcess) {
    this.#process = child;
    // 'close' comes after 'exit' and the last output.
    this.#closed = once(child, 'close').catch(() => {});
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk).slice(-KEPT_OUTPUT);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    killAtExit(child);
  }

  static async start(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Child> {
    const [command, ...rest] = [...(await tiedToUs()), program, ...args];
    const child = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    const started = new Child(child);
    await once(child, 'spawn');
    return started;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get output(): string {
    return this.#output;
  }

  get ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** How it ended, in words. */
  get ending(): string {
    return this.#process.signalCode ?? `exit code ${this.#process.exitCode}`;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Resolves when the process is gone. A paused one (SIGSTOP) is woken, or it would not hear SIGTERM. */
  async stop(): Promise<void> {
    if (!this.ended) {
      this.#process.kill('SIGTERM');
      this.#process.kill('SIGCONT');
      const patience = setTimeout(() => this.#process.kill('SIGKILL'), STOP_WITHIN_MS);
      await this.#closed;
      clearTimeout(patience);
    }
    await this.#closed;
  }
}
