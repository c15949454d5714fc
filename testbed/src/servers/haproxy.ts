import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expectOk } from '../process/ask.js';
import { freePort } from '../process/ports.js';
import type { ServerDefinition } from '../server.js';

export interface HaproxyOptions {
  /** Loopback ports of the HTTP servers that it balances between. Default none: every request gets a 503. */
  backends?: readonly number[];
  /** Instead of that a configuration of one's own, for a folder that its sockets may lie in; it runs under a master process. */
  config?: (dir: string) => Promise<HaproxyFile>;
}

export interface HaproxyFile {
  readonly text: string;
  /** The front that `port` and `url` name. */
  readonly port: number;
  /** Where statistics and metrics are. */
  readonly statsPort: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface HaproxyDetails {
  /** The balanced front, on `port`. */
  readonly url: string;
  readonly statsUrl: string;
  /** The built-in Prometheus exporter's page. */
  readonly metricsUrl: string;
  /** The runtime API's Unix socket, `admin.sock` in its folder. */
  readonly socket: string;
  /** Its configuration: change it and send SIGUSR2 where it is one's own. */
  readonly configFile: string;
}

export const haproxy: ServerDefinition<HaproxyOptions, HaproxyDetails> = {
  program: 'haproxy',
  debianPackage: 'haproxy',
  async plan(dir, { backends = [], config }) {
    const configFile = join(dir, 'haproxy.cfg');
    const socket = join(dir, 'admin.sock');
    const { text, port, statsPort, env = {} } = await (config?.(dir) ?? balancing(backends, socket));
    const page = `http://127.0.0.1:${statsPort}`;
    await writeFile(configFile, text);
    const master = config === undefined ? [] : ['-W', '-S', join(dir, 'master.sock')];
    return {
      port,
      args: [...master, '-db', '-f', configFile],
      env,
      details: {
        url: `http://127.0.0.1:${port}`,
        statsUrl: `${page}/stats`,
        metricsUrl: `${page}/metrics`,
        socket,
        configFile,
      },
      ready: () => expectOk(`${page}/metrics`),
    };
  },
};

async function balancing(backends: readonly number[], socket: string): Promise<HaproxyFile> {
  const [port, statsPort] = [await freePort(), await freePort()];
  return { port, statsPort, text: configuration(port, statsPort, socket, backends) };
}

const configuration = (port: number, statsPort: number, socket: string, backends: readonly number[]) => `
global
  stats socket ${socket} mode 600 level admin
  maxconn 2000
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
frontend front
  bind 127.0.0.1:${port}
  default_backend servers
backend servers
${backends.map((backend, index) => `  server server-${index + 1} 127.0.0.1:${backend} check inter 500ms\n`).join('')}
frontend stats
  bind 127.0.0.1:${statsPort}
  http-request use-service prometheus-exporter if { path /metrics }
  stats enable
  stats uri /stats
  stats refresh 10s
`;
