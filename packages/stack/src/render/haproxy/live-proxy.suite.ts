import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type Agent, createServer, type IncomingMessage, request, type Server } from 'node:http';
import { request as requestTls } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { freePort, startServer } from '@breakwater/testbed';
import { expect, vi } from 'vitest';
import { parseStack } from '../../file/parse.js';
import { planStack } from '../../plan/plan.js';
import { haproxyText } from './haproxy.js';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** An HTTP server behind the proxy, on a loopback address of its own, that answers 200 to what it is not told otherwise. */
class Origin implements AsyncDisposable {
  readonly seen: Seen[] = [];
  /** By path: the status, or a broken connection once the request is there. */
  readonly answers = new Map<string, number | 'reset'>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (message: IncomingMessage, response) => {
      const { method = '', url = '', headers } = message;
      const checked = /^\/health|^\/ping|^\/api\/health/.test(url);
      if (!checked) this.seen.push({ method, url, headers });
      const answer = this.answers.get(url.split('?')[0]!) ?? (url === '/ping' || method === 'POST' ? 204 : 200);
      message.resume().once('end', () => {
        if (answer === 'reset') message.socket.destroy();
        else response.writeHead(answer, { 'content-length': 0 }).end();
      });
    });
  }

  static async start(host: string, port: number): Promise<Origin> {
    const server = createServer({ keepAliveTimeout: 60_000 });
    const origin = new Origin(server);
    server.listen(port, host);
    await once(server, 'listening');
    return origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** As after `kill -9`: nobody listens, and what was connected is cut. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent?: Agent;
  readonly ca?: string;
}

/** One request; a broken connection is an error. */
export function ask(port: number, path: string, { ca, body, ...options }: Asking = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const to = { host: '127.0.0.1', port, path, agent: false as const, timeout: 60_000, ...options };
    const sent = ca === undefined ? request(to) : requestTls({ ...to, ca, servername: 'localhost' } as never);
    sent.once('error', reject);
    sent.once('timeout', () => sent.destroy(new Error('no answer in 60 s')));
    sent.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
    });
    sent.end(body);
  });
}

/** What HAProxy says on one of its sockets. */
async function command(socket: string, text: string): Promise<string> {
  const connection = connect(socket).setEncoding('utf8');
  connection.end(`${text}\n`);
  return connection.reduce((all: string, piece: string) => all + piece, '');
}

export interface LiveProxyOptions {
  readonly collectors?: number;
  /** How many of them DNS names at first. Default all. */
  readonly known?: number;
  readonly backends?: number;
  readonly collectorsMax?: number;
  readonly requests?: number;
  readonly connections?: number;
  readonly certificate?: string;
  /** A name about which a name server of its own answers, `apart`. */
  readonly apart?: string;
}

const numbered = <T>(count: number, make: (number: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index + 1));

/**
 * HAProxy with the configuration that is rendered, between servers on loopback: replaced are the addresses that it listens
 * on, the name server that it asks, the folder of its socket, and what ends too early where these servers, which are
 * in one process with the test, stand still for some seconds: idle connections, checks of a server's health, and, after a
 * start, questions to DNS and the time in which requests wait for its answers.
 */
export async function startLiveProxy(options: LiveProxyOptions = {}) {
  const { collectors: count = 3, backends: backendCount = 2, collectorsMax = 5, known = count, certificate } = options;
  const open: AsyncDisposable[] = [];
  const use = <T extends AsyncDisposable>(opened: T): T => {
    open.unshift(opened);
    return opened;
  };
  const stop = async () => {
    for (const opened of open.splice(0)) await opened[Symbol.asyncDispose]();
  };
  try {
    const ports = { influxdb: await freePort(), collectors: await freePort(), grafana: await freePort() };
    const statsPort = await freePort();
    const originPort = await freePort();
    const origins = (net: number, size: number) =>
      Promise.all(numbered(size, async (number) => use(await Origin.start(`127.0.${net}.${number}`, originPort))));
    const collectors = await origins(1, count);
    const backends = await origins(2, backendCount);
    const grafanas = await origins(3, 2);
    const apart = use(await startServer('dnsmasq'));
    const dns = use(
      await startServer('dnsmasq', { forward: options.apart === undefined ? {} : { [options.apart]: apart.server } }),
    );
    const names = new Map<string, string[]>([
      ['network-telemetry', numbered(known, (number) => `127.0.1.${number}`)],
      ...backends.map((_, index): [string, string[]] => [`influxdb-${index + 1}`, [`127.0.2.${index + 1}`]]),
      ...grafanas.map((_, index): [string, string[]] => [`grafana-${index + 1}`, [`127.0.3.${index + 1}`]]),
    ]);
    const tellNames = async () => {
      const lines = [...names].map(([name, addresses]) => addresses.map((address) => `${address} ${name}\n`).join(''));
      const isApart = [...names.keys()].map((name) => name === options.apart);
      for (const server of [dns, apart]) {
        await writeFile(server.hostsFile, lines.filter((_, index) => isApart[index] === (server === apart)).join(''));
        server.signal('SIGHUP');
      }
    };
    await tellNames();
    const at = (name: string) => ({ name, host: name, port: originPort });
    const file = {
      apiVersion: 'breakwater/v1',
      kind: 'Stack',
      collectors: { min: 1, max: collectorsMax, port: ports.collectors, targetCidrs: ['127.0.0.0/8'] },
      backends: { replicas: backendCount, port: ports.influxdb },
      grafana: { port: ports.grafana },
      proxy: {
        port: statsPort,
        maxConnections: 900,
        rateLimit: { requests: options.requests ?? 100_000, connections: options.connections ?? 200 },
        ...(certificate === undefined ? {} : { tls: { certificate } }),
      },
    };
    const plan = planStack(parseStack(JSON.stringify(file), 'breakwater.stack.yaml').stack);
    const site = {
      collectors: at('network-telemetry'),
      backends: plan.backends.map(({ name }) => at(name)),
      grafanas: plan.grafanas.map(at),
      redis: at('redis'),
      proxy: at('load-balancer'),
    };
    const text = haproxyText(plan, site);
    const haproxy = use(
      await startServer('haproxy', {
        config: async (dir) => ({
          text: text
            .replaceAll('bind :', 'bind 127.0.0.1:')
            .replace('parse-resolv-conf', `nameserver test ${dns.server}`)
            .replace('timeout http-keep-alive 10s', 'timeout http-keep-alive 1m')
            .replace('timeout check 2s', 'timeout check 1m')
            .replace('resolve_retries 3', 'resolve_retries 60')
            .replaceAll('{ date,sub(proc.started) lt 5 }', '{ date,sub(proc.started) lt 60 }')
            .replace('/var/run/haproxy/admin.sock', join(dir, 'admin.sock')),
          port: ports.influxdb,
          statsPort,
          env: { PROXY_COOKIE_KEY: 'key-of-the-tests-0123456789' },
        }),
      }),
    );
    /** While it reads its file, the master loses a signal. */
    const masterAnswers = () =>
      vi.waitFor(async () => expect(await command(join(haproxy.dir, 'master.sock'), 'show proc')).toContain('master'), {
        timeout: 60_000,
        interval: 50,
      });
    const live = {
      text,
      collectors,
      backends,
      grafanas,
      ports: { ...ports, statistics: statsPort },
      originPort,
      haproxy,
      dns,
      apart,
      /** Changes what the name server answers. */
      async setNames(name: string, addresses: string[]) {
        names.set(name, addresses);
        await tellNames();
      },
      /** Tells the master to reload, and waits until another worker answers. */
      async reload() {
        await masterAnswers();
        const worker = async () => /pid =\D*(\d+)/.exec((await ask(statsPort, '/stats')).text)?.[1];
        const before = await worker();
        haproxy.signal('SIGUSR2');
        await vi.waitFor(async () => expect(await worker()).not.toBe(before), { timeout: 60_000, interval: 50 });
      },
      /** Forgets who asked how often; what is still being asked keeps its count until it has ended. */
      async forgetRequests() {
        const socket = join(haproxy.dir, 'admin.sock');
        await vi.waitFor(
          async () => {
            await command(socket, 'clear table requests');
            expect(await command(socket, 'show table requests')).toContain('used:0');
          },
          { timeout: 60_000, interval: 50 },
        );
      },
      /** Servers by backend and state, from the page of statistics. */
      async servers(backend: string): Promise<Map<string, string>> {
        const { text: csv } = await ask(statsPort, '/stats;csv');
        const rows = csv.split('\n').map((row) => row.split(','));
        const [heading = [], ...rest] = rows;
        const [name, server, status] = ['# pxname', 'svname', 'status'].map((key) => heading.indexOf(key));
        return new Map(
          rest
            .filter((row) => row[name!] === backend && !['FRONTEND', 'BACKEND'].includes(row[server!]!))
            .map((row) => [row[server!]!, row[status!]!]),
        );
      },
      [Symbol.asyncDispose]: stop,
    };
    return live;
  } catch (error) {
    await stop();
    throw error;
  }
}

export type LiveProxy = Awaited<ReturnType<typeof startLiveProxy>>;
