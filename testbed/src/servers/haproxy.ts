import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expectOk } from '../process/ask.js';
import { freePort } from '../process/ports.js';
import type { ServerDefinition } from '../server.js';

export interface HaproxyOptions {
  /** Loopback ports of the HTTP servers that it balances between. Default none: every request gets a 503. */
  backends?: readonly number[];
}

export interface HaproxyDetails {
  /** The balanced front, on `port`. */
  readonly url: string;
  readonly statsUrl: string;
  /** The built-in Prometheus exporter's page. */
  readonly metricsUrl: string;
  /** The runtime API's Unix socket. */
  readonly socket: string;
}

export const haproxy: ServerDefinition<HaproxyOptions, HaproxyDetails> = {
  program: 'haproxy',
  debianPackage: 'haproxy',
  async plan(dir, { backends = [] }) {
    const [port, statsPort] = [await freePort(), await freePort()];
    const page = `http://127.0.0.1:${statsPort}`;
    const socket = join(dir, 'admin.sock');
    const config = join(dir, 'haproxy.cfg');
    await writeFile(config, configuration(port, statsPort, socket, backends));
    return {
      port,
      args: ['-db', '-f', config],
      details: { url: `http://127.0.0.1:${port}`, statsUrl: `${page}/stats`, metricsUrl: `${page}/metrics`, socket },
      ready: () => expectOk(`${page}/metrics`),
    };
  },
};

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
