import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expectOk } from '../process/ask.js';
import { freePort } from '../process/ports.js';
import type { ServerDefinition } from '../server.js';

export interface PrometheusOptions {
  /** Its files by path, `prometheus.yml` among them: rule files lie where that names them. Default: it scrapes nothing. */
  files?: Readonly<Record<string, string>>;
}

export interface PrometheusDetails {
  readonly url: string;
  readonly metricsUrl: string;
}

export const prometheus: ServerDefinition<PrometheusOptions, PrometheusDetails> = {
  program: 'prometheus',
  debianPackage: 'prometheus',
  async plan(dir, { files = {} }) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    for (const [path, text] of Object.entries({ 'prometheus.yml': 'global: {}\n', ...files })) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), text);
    }
    return {
      port,
      args: [
        `--config.file=${join(dir, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(dir, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--web.enable-lifecycle',
      ],
      details: { url, metricsUrl: `${url}/metrics` },
      ready: () => expectOk(`${url}/-/ready`),
    };
  },
};
