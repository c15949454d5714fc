import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expectOk } from '../process/ask.js';
import { freePort } from '../process/ports.js';
import type { ServerDefinition } from '../server.js';

export interface BlackboxExporterOptions {
  /** How long one probe may take, in milliseconds. Default 5,000. */
  timeoutMs?: number;
}

export interface BlackboxExporterDetails {
  readonly url: string;
  readonly metricsUrl: string;
  /** Where a GET makes the exporter probe `target` (a URL, or `host:port` for tcp). */
  probeUrl(target: string, module?: 'http' | 'tcp'): string;
}

const modules = (timeoutMs: number) => `modules:
  http:
    prober: http
    timeout: ${timeoutMs / 1_000}s
    http:
      preferred_ip_protocol: ip4
  tcp:
    prober: tcp
    timeout: ${timeoutMs / 1_000}s
    tcp:
      preferred_ip_protocol: ip4
`;

export const blackboxExporter: ServerDefinition<BlackboxExporterOptions, BlackboxExporterDetails> = {
  program: 'prometheus-blackbox-exporter',
  debianPackage: 'prometheus-blackbox-exporter',
  async plan(dir, { timeoutMs = 5_000 }) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const config = join(dir, 'blackbox.yml');
    await writeFile(config, modules(timeoutMs));
    return {
      port,
      args: [`--web.listen-address=127.0.0.1:${port}`, `--config.file=${config}`],
      details: {
        url,
        metricsUrl: `${url}/metrics`,
        probeUrl: (target, module = 'http') => `${url}/probe?${new URLSearchParams({ module, target })}`,
      },
      ready: () => expectOk(`${url}/metrics`),
    };
  },
};
