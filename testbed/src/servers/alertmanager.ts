import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expectOk } from '../process/ask.js';
import { freePort } from '../process/ports.js';
import type { ServerDefinition } from '../server.js';

export interface AlertmanagerOptions {
  /** The text of its configuration. Default: every alert is shown and sent nowhere. */
  config?: string;
}

export interface AlertmanagerDetails {
  readonly url: string;
  readonly metricsUrl: string;
}

const SENT_NOWHERE = 'route: { receiver: none }\nreceivers: [{ name: none }]\n';

export const alertmanager: ServerDefinition<AlertmanagerOptions, AlertmanagerDetails> = {
  program: 'prometheus-alertmanager',
  debianPackage: 'prometheus-alertmanager',
  async plan(dir, { config = SENT_NOWHERE }) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const file = join(dir, 'alertmanager.yml');
    await writeFile(file, config);
    return {
      port,
      args: [
        `--config.file=${file}`,
        `--storage.path=${join(dir, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        // No gossip: there is one.
        '--cluster.listen-address=',
      ],
      details: { url, metricsUrl: `${url}/metrics` },
      ready: () => expectOk(`${url}/-/ready`),
    };
  },
};
