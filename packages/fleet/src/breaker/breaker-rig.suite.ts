import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

const BUILT = new URL('../../dist/', import.meta.url);
const built = (file: string) => JSON.stringify(new URL(file, BUILT).href);

/** Calls an upstream through its breaker, over and over, and tells of each change of its circuit. */
const CALLER = `
  import { keyedCircuitBreaker } from '@breakwater/resilience';
  import { sharedBreaker } from ${built('breaker/shared-breaker.js')};
  import { redisHintStore } from ${built('breaker/redis-hint-store.js')};
  import { redisLink } from ${built('redis/link.js')};
  const { ID, IDS, UPSTREAM, REDIS_URL, EVERY_MS, BREAKER } = process.env;
  const breaker = keyedCircuitBreaker(JSON.parse(BREAKER));
  let shared;
  if (REDIS_URL) {
    const link = redisLink({ url: REDIS_URL, timeoutMs: 300 });
    const members = { id: ID, ids: IDS.split(',') };
    shared = sharedBreaker({ breaker, store: redisHintStore({ link, name: 'upstream' }), members, syncMs: 100, heartbeatMs: 500, probeLeaseMs: 1500 });
  }
  let url = UPSTREAM;
  process.stdin.setEncoding('utf8').on('data', (word) => { url = word.trim() === 'cut' ? 'http://127.0.0.1:1' : UPSTREAM; });
  process.stdin.once('end', () => process.exit());
  const request = async () => {
    const response = await fetch(url + '/?by=' + ID, { signal: AbortSignal.timeout(2000) });
    await response.text();
    if (!response.ok) throw new Error(String(response.status));
  };
  let last = '';
  const tell = () => {
    const state = breaker.state('upstream') + (shared?.alone === false ? '' : ' alone');
    if (state !== last) process.stdout.write(JSON.stringify({ state }) + '\\n');
    last = state;
  };
  setInterval(() => {
    breaker.execute(request, { key: 'upstream' }).catch(() => {}).finally(tell);
  }, Number(EVERY_MS));
  setInterval(tell, 20);
`;

/** One replica: a process of its own. */
export class CallerProcess {
  readonly id: string;
  /** As it last said. */
  state = '';
  exits = 0;
  errors = '';
  readonly #child: ChildProcess;

  constructor(id: string, env: Record<string, string>) {
    this.id = id;
    const child = spawn(process.execPath, ['--input-type=module', '-e', CALLER], {
      cwd: new URL('../../', import.meta.url),
      env: { ...process.env, ...env, ID: id },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    createInterface({ input: child.stdout! }).on('line', (line) => {
      this.state = (JSON.parse(line) as { state: string }).state;
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    child.once('exit', () => {
      this.exits++;
    });
    this.#child = child;
  }

  /** Breaks, or mends, its own way to the upstream. */
  network(state: 'cut' | 'mended'): void {
    this.#child.stdin!.write(`${state}\n`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}

/** Long enough for two probes to meet, if two were let through. */
export const ANSWERS_AFTER_MS = 30;

/** An upstream that can be down, and counts the requests that arrive. */
export class CountingServer {
  up = true;
  arrived: { readonly by: string; readonly atMs: number }[] = [];
  mostAtOnce = 0;
  #atOnce = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.arrived.push({ by: new URL(request.url!, 'http://x').searchParams.get('by')!, atMs: performance.now() });
      this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
      const { up } = this;
      setTimeout(() => {
        this.#atOnce--;
        response.statusCode = up ? 200 : 503;
        response.end();
      }, ANSWERS_AFTER_MS);
    });
  }

  static async open(): Promise<CountingServer> {
    const server = new CountingServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Counts from here on. */
  forget(): void {
    this.arrived = [];
    this.mostAtOnce = 0;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
