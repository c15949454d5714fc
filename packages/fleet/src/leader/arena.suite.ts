import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { type RunningServer, startServer, type TcpProxy, tcpProxy } from '@breakwater/testbed';
import type { Stamp } from './stamp.js';
import { WorkloadConflict } from './workload.js';
import { JudgedWorkload, type SignedChange } from './workload.suite.js';

const BUILT = new URL('../../dist/', import.meta.url);
const built = (file: string) => JSON.stringify(new URL(file, BUILT).href);

/** Stands for the lease, acts as fast as it can while it leads, and tells of each term. */
const CONTENDER = `
  import { leaderLease } from ${built('leader/candidate.js')};
  import { fencedWorkload } from ${built('leader/fenced-workload.js')};
  import { redisLeaseStore } from ${built('leader/redis-lease-store.js')};
  import { StaleTermError, WorkloadConflict } from ${built('leader/workload.js')};
  import { redisLink } from ${built('redis/link.js')};
  const { REDIS_URL, WORKLOAD_URL, ID, LEASE_MS } = process.env;
  const leaseMs = Number(LEASE_MS);
  const ask = async (path, body, signal) => {
    const response = await fetch(WORKLOAD_URL + path, {
      method: 'POST',
      headers: { contender: ID },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(leaseMs)]),
    });
    const answer = await response.json();
    if (response.status === 409) throw new WorkloadConflict(answer.message);
    return answer.value;
  };
  const workload = {
    read: (signal) => ask('/read', [], signal),
    stamp: (stamp, version, signal) => ask('/stamp', [stamp, version], signal),
    act: (change, version, signal) => ask('/act', [change, version], signal),
  };
  const lead = async (term) => {
    const fenced = fencedWorkload(term, workload);
    const by = { token: term.token, holder: term.holder };
    while (!term.signal.aborted) {
      try {
        await fenced.act({ by });
      } catch (error) {
        if (error instanceof StaleTermError) return;
      }
    }
  };
  const tell = (what) => process.stdout.write(JSON.stringify(what) + '\\n');
  const link = redisLink({ url: REDIS_URL, timeoutMs: Math.max(100, leaseMs / 5) });
  const lease = leaderLease({
    store: redisLeaseStore({ link }), name: 'arena', id: ID, leaseMs,
    onElected(term) {
      tell({ elected: term.token, holder: term.holder });
      lead(term);
    },
    onLost: (term, reason) => tell({ lost: term.token, holder: term.holder, reason }),
  });
  process.stdin.resume().once('end', () => process.exit());
  await lease.start();
  tell({ stands: ID });
`;

const TICK_MS = 20;
/** What is later than that stood still; less is load, and a contender has to bear it. */
const STALL_MS = 200;

/** Time without that in which the machine stood still: nobody can be elected or act in it. */
class RunningTime implements Disposable {
  readonly #timer = setInterval(() => this.now(), TICK_MS);
  #lastMs = performance.now();
  #stoodMs = 0;

  now(): number {
    const nowMs = performance.now();
    const lateMs = nowMs - this.#lastMs - TICK_MS;
    this.#lastMs = nowMs;
    if (lateMs > STALL_MS) this.#stoodMs += lateMs;
    return nowMs - this.#stoodMs;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** One contender: a process of its own, whose way to Redis can be broken. */
export class ContenderProcess {
  readonly id: string;
  readonly toRedis: TcpProxy;
  readonly elected: Array<Stamp & { readonly atMs: number }> = [];
  errors = '';
  readonly #leaseMs: number;
  readonly #now: () => number;
  readonly #workloadUrl: string;
  #child: ChildProcess | undefined;

  constructor(id: string, leaseMs: number, now: () => number, toRedis: TcpProxy, workloadUrl: string) {
    this.id = id;
    this.#leaseMs = leaseMs;
    this.#now = now;
    this.toRedis = toRedis;
    this.#workloadUrl = workloadUrl;
  }

  /** Resolves when it stands for the lease. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', CONTENDER], {
      env: {
        PATH: process.env['PATH'],
        ID: this.id,
        LEASE_MS: String(this.#leaseMs),
        REDIS_URL: `redis://127.0.0.1:${this.toRedis.port}`,
        WORKLOAD_URL: this.#workloadUrl,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (words: string) => {
      this.errors += words;
    });
    await new Promise<void>((resolve) => {
      const lines = createInterface(child.stdout).once('close', resolve);
      lines.on('line', (line) => {
        const told = JSON.parse(line) as { stands?: string; elected?: number; holder: string };
        if (told.stands !== undefined) resolve();
        if (told.elected === undefined) return;
        this.elected.push({ token: told.elected, holder: told.holder, atMs: this.#now() });
      });
    });
  }

  get runs(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async stop(): Promise<void> {
    if (this.runs) {
      const closed = once(this.#child!, 'close');
      this.signal('SIGKILL');
      await closed;
    }
    await this.toRedis.stop();
  }
}

/** Where requests wait. */
class Holdup {
  readonly caught: Promise<void>;
  readonly #over: Promise<void>;
  #catch = () => {};
  end = () => {};

  constructor() {
    this.caught = new Promise((resolve) => {
      this.#catch = resolve;
    });
    this.#over = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  wait(): Promise<void> {
    this.#catch();
    return this.#over;
  }
}

/** Three contenders, one Redis, and a workload that judges them. */
export class Arena implements AsyncDisposable {
  readonly leaseMs: number;
  readonly redis: RunningServer;
  readonly workload: JudgedWorkload;
  readonly contenders: readonly ContenderProcess[];
  readonly #server: Server;
  readonly #time: RunningTime;
  readonly #held = new Map<string, Holdup>();
  /** Of each token that was accepted, when it was first. */
  readonly #firstActs = new Map<number, number>();

  private constructor(
    leaseMs: number,
    redis: RunningServer,
    workload: JudgedWorkload,
    server: Server,
    time: RunningTime,
    contenders: readonly ContenderProcess[],
  ) {
    this.leaseMs = leaseMs;
    this.redis = redis;
    this.workload = workload;
    this.#server = server;
    this.#time = time;
    this.contenders = contenders;
    server.on('request', (request, response) => {
      void text(request).then(async (body) => {
        await this.#held.get(request.headers['contender'] as string)?.wait();
        const { status, answer } = await this.#answer(request.url!, JSON.parse(body) as unknown[]);
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      });
    });
  }

  static async open(leaseMs: number, workload: JudgedWorkload = new JudgedWorkload()): Promise<Arena> {
    const redis = await startServer('redis');
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const time = new RunningTime();
    const contender = async (id: string) =>
      new ContenderProcess(id, leaseMs, () => time.now(), await tcpProxy(redis.port), `http://127.0.0.1:${port}`);
    const contenders = await Promise.all(['a', 'b', 'c'].map(contender));
    const arena = new Arena(leaseMs, redis, workload, server, time, contenders);
    await Promise.all(contenders.map((contender) => contender.start()));
    return arena;
  }

  async #answer(path: string, [first, version]: unknown[]): Promise<{ status: number; answer: object }> {
    try {
      if (path === '/read') return { status: 200, answer: { value: await this.workload.read() } };
      if (path === '/stamp') {
        return { status: 200, answer: { value: await this.workload.stamp(first as Stamp, version as string) } };
      }
      const value = await this.workload.act(first as SignedChange, version as string);
      const { token } = (first as SignedChange).by;
      if (!this.#firstActs.has(token)) this.#firstActs.set(token, this.now());
      return { status: 200, answer: { value } };
    } catch (error) {
      if (error instanceof WorkloadConflict) return { status: 409, answer: { message: error.message } };
      throw error;
    }
  }

  /** Resolves when a request of this contender lies somewhere on its way; it arrives at `release`, whatever happened since. */
  async holdUp({ id }: ContenderProcess): Promise<void> {
    const holdup = new Holdup();
    this.#held.set(id, holdup);
    await holdup.caught;
  }

  /** Lets arrive what was held up. */
  release({ id }: ContenderProcess): void {
    this.#held.get(id)?.end();
    this.#held.delete(id);
  }

  /** Time without that in which the machine stood still. */
  now(): number {
    return this.#time.now();
  }

  /** The highest token that was accepted. */
  get token(): number {
    return Math.max(0, ...this.#firstActs.keys());
  }

  /** Whoever's term has the highest token that acted. */
  get leader(): ContenderProcess {
    const { token } = this;
    const leader = this.contenders.find(({ elected }) => elected.some((term) => term.token === token));
    if (leader === undefined) throw new Error(`nobody was elected with token ${token}`);
    return leader;
  }

  /** Resolves with how many leases after `sinceMs` somebody was elected with a higher token than `token`, and acted first. */
  async succession(token: number, sinceMs: number): Promise<{ readonly elected: number; readonly acted: number }> {
    const giveUpMs = performance.now() + 10 * this.leaseMs + 10_000;
    while (this.token <= token) {
      if (performance.now() > giveUpMs) {
        throw new Error(`no new leader:\n${this.contenders.map(({ errors }) => errors).join('\n')}`);
      }
      await pause(5);
    }
    const leases = (all: readonly number[]) => (Math.min(...all) - sinceMs) / this.leaseMs;
    const terms = this.contenders.flatMap(({ elected }) => elected).filter((term) => term.token > token);
    const acts = [...this.#firstActs].filter(([acted]) => acted > token);
    return { elected: leases(terms.map(({ atMs }) => atMs)), acted: leases(acts.map(([, atMs]) => atMs)) };
  }

  get summary(): string {
    const { accepted, refused } = this.workload;
    const terms = this.contenders.flatMap(({ elected }) => elected);
    return `${terms.length} terms, ${accepted.length} acts accepted, ${refused} writes refused`;
  }

  /** What may be wrong beside the order of acts: tokens given twice, and processes that complained or ended. */
  get problems(): readonly string[] {
    const tokens = this.contenders.flatMap(({ elected }) => elected.map(({ token }) => token));
    const twice = tokens.filter((token, at) => tokens.indexOf(token) !== at).map((token) => `token ${token} twice`);
    const words = this.contenders.flatMap(({ errors, id, runs }) => [errors, runs ? '' : `${id} ended`]);
    return [...twice, ...words].filter((problem) => problem !== '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#time[Symbol.dispose]();
    await Promise.all(this.contenders.map((contender) => contender.stop()));
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.redis.stop();
  }
}
