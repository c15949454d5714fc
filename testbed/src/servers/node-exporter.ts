import { expectOk } from '../process/ask.js';
import { freePort } from '../process/ports.js';
import type { ServerDefinition } from '../server.js';

export interface NodeExporterOptions {
  /** Only these collectors (`loadavg`, `netdev`, …). Default: the exporter's own choice. */
  collectors?: readonly string[];
}

export interface NodeExporterDetails {
  readonly url: string;
  readonly metricsUrl: string;
}

export const nodeExporter: ServerDefinition<NodeExporterOptions, NodeExporterDetails> = {
  program: 'prometheus-node-exporter',
  debianPackage: 'prometheus-node-exporter',
  async plan(_dir, { collectors }) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const chosen = collectors?.map((name) => `--collector.${name}`);
    return {
      port,
      args: [
        `--web.listen-address=127.0.0.1:${port}`,
        ...(chosen === undefined ? [] : ['--collector.disable-defaults', ...chosen]),
      ],
      details: { url, metricsUrl: `${url}/metrics` },
      ready: () => expectOk(`${url}/metrics`),
    };
  },
};
