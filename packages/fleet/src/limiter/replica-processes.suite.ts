import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

const BUILT = new URL('../../dist/', import.meta.url);
const built = (file: string) => JSON.stringify(new URL(file, BUILT).href);

/** Calls the server through the limiter with so many callers at once, and tells twice a second how that went. */
const CALLER = `
  import { Agent, request } from 'node:http';
  import { fleetLimiter } from ${built('limiter/index.js')};
  import { redisLink } from ${built('redis/link.js')};
  const { REDIS_URL, SERVER, CALLERS, WITHIN_MS, SLACK_MS, LIMIT } = process.env;
  const link = redisLink({ url: REDIS_URL });
  const limiter = fleetLimiter({ link, ...JSON.parse(LIMIT) });
  const agent = new Agent({ keepAlive: true });
  const counts = { done: 0, failed: 0, aborted: 0 };
  let late = 0;
  // It lets a request end although its caller was answered: the server would hear of an abort later than the next replica of its permit.
  const call = () => new Promise((resolve, reject) => {
    request(SERVER, { agent }, (response) => response.resume().on('end', resolve).on('error', reject)).on('error', reject).end();
  });
  let going = true;
  const caller = async () => {
    while (going) {
      // Standing still for a while makes nothing late: timers that are due together go off in one turn, in whatever order.
      let answered = false;
      const looksLate = () => setImmediate(() => answered || late++);
      const overdue = setTimeout(looksLate, Number(WITHIN_MS) + Number(SLACK_MS));
      const deadline = performance.now() + Number(WITHIN_MS);
      try {
        await limiter.execute(call, { deadline });
        answered = true;
        counts.done++;
      } catch (error) {
        answered = true;
        const what = error.reason ?? (error.name === 'TimeoutError' ? 'aborted' : 'failed');
        counts[what] = (counts[what] ?? 0) + 1;
        clearTimeout(overdue);
        if (what === 'failed') await new Promise((resolve) => setTimeout(resolve, 20));
      }
      clearTimeout(overdue);
    }
  };
  const metrics = {};
  const tell = () => {
    limiter.measure(({ name }, labels, value) => { if (/replaced|unused|expired/.test(name)) metrics[name] = value; });
    process.stdout.write(JSON.stringify({ ...counts, ...metrics, late, mode: limiter.mode, inUse: limiter.inUse }) + '\\n');
  };
  const telling = setInterval(tell, 500);
  process.on('unhandledRejection', (error) => { console.error('unhandled', error); process.exit(9); });
  const callers = Array.from({ length: Number(CALLERS) }, caller);
  process.stdin.resume().once('end', async () => {
    going = false;
    await limiter.drain({ deadlineMs: 5_000 });
    await Promise.all(callers);
    await link.close();
    agent.destroy();
    clearInterval(telling);
    tell();
    // Nothing is left that would keep it: it ends of itself.
  });
`;

export interface Told {
  readonly done: number;
  /** How many calls were not answered soon after their deadline. */
  readonly late: number;
  readonly mode: string;
  readonly inUse: number;
  readonly [what: string]: number | string;
}

/** A replica: a process of its own. */
export class ReplicaProcess {
  readonly #child: ChildProcess;
  readonly #told: Told[] = [];
  errors = '';

  constructor(env: Record<string, string>) {
    this.#child = spawn(process.execPath, ['--input-type=module', '-e', CALLER], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (part: string) => {
      this.errors += part;
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#told.push(JSON.parse(line) as Told));
  }

  get last(): Told | undefined {
    return this.#told.at(-1);
  }

  /** Modes that it was in, in their order. */
  get modes(): string[] {
    return this.#told.map(({ mode }) => mode).filter((mode, at, all) => mode !== all[at - 1]);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Lets it end what it does; gives its exit code. */
  async end(): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const exit = once(this.#child, 'exit');
    this.#child.stdin!.end();
    const [code] = (await exit) as [number | null];
    return code;
  }
}

/** Answers after a while, and counts how many it serves at once. */
export class CountingServer {
  readonly #server: Server;
  readonly #takesMs: number;
  serving = 0;
  most = 0;
  served = 0;

  private constructor(takesMs: number) {
    this.#takesMs = takesMs;
    this.#server = createServer((_, response) => {
      this.most = Math.max(this.most, ++this.serving);
      let over = false;
      const end = () => {
        if (over) return;
        over = true;
        this.serving--;
        clearTimeout(timer);
      };
      const timer = setTimeout(() => {
        end();
        this.served++;
        response.end('ok');
      }, this.#takesMs);
      response.once('close', end);
    });
  }

  static async start(takesMs: number): Promise<CountingServer> {
    const made = new CountingServer(takesMs);
    made.#server.keepAliveTimeout = 60_000;
    made.#server.listen(0, '127.0.0.1');
    await once(made.#server, 'listening');
    return made;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
