import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../src/process/ports.js';
import { until } from '../src/process/wait.js';

const MAIN = fileURLToPath(new URL('../../examples/telemetry-collector/dist/main.js', import.meta.url));
const READY_WITHIN_MS = 15_000;

/** The built collector as a process, with its default settings. */
export class CollectorProcess {
  readonly #child: ChildProcess;
  readonly #port: number;

  constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#port = port;
  }

  static async start(env: Record<string, string>): Promise<CollectorProcess> {
    const port = await freePort();
    const child = spawn(process.execPath, [MAIN], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { PORT: String(port), LOG_LEVEL: 'error', ...env },
    });
    const collector = new CollectorProcess(child, port);
    await until(async () => void (await collector.get('/health/ready')), READY_WITHIN_MS);
    return collector;
  }

  async get(path: string): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.#port}${path}`, { signal: AbortSignal.timeout(10_000) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`GET ${path} answered ${answer.status}: ${text.slice(0, 200)}`);
    return text;
  }

  /** Resident memory in MiB. */
  async residentMiB(): Promise<number> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    const exited = once(this.#child, 'exit') as Promise<[number | null]>;
    this.#child.kill('SIGTERM');
    return (await exited)[0];
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
