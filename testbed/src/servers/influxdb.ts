import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expectOk } from '../process/ask.js';
import { freePort } from '../process/ports.js';
import type { ServerDefinition } from '../server.js';

export interface InfluxdbOptions {
  /** A loopback address and port of one's own. Default: 127.0.0.1 and a port that is free. */
  at?: { readonly host: string; readonly port: number };
  /** Made before the server counts as ready. Default `telemetry`. */
  database?: string;
  /** This many writes at once, as many queued for 200 ms, then a real 503. Default: no limit. */
  concurrentWrites?: number;
  /** Who may write and ask, with Basic authentication. Default: everybody. */
  auth?: { readonly user: string; readonly password: string };
}

export interface InfluxdbDetails {
  readonly url: string;
  readonly database: string;
}

/** InfluxDB 1.6, as Debian has it: `/write?db=` and InfluxQL on `/query`; `/api/v2/write` is a 404. */
export const influxdb: ServerDefinition<InfluxdbOptions, InfluxdbDetails> = {
  program: 'influxd',
  debianPackage: 'influxdb',
  async plan(dir, { at, database = 'telemetry', concurrentWrites = 0, auth }) {
    const { host, port } = at ?? { host: '127.0.0.1', port: await freePort() };
    const backupPort = await freePort();
    const url = `http://${host}:${port}`;
    const config = join(dir, 'influxdb.conf');
    await writeFile(config, configuration(dir, `${host}:${port}`, backupPort, concurrentWrites, auth !== undefined));
    return {
      host,
      port,
      args: ['-config', config],
      details: { url, database },
      async ready() {
        await expectOk(`${url}/ping`);
        if (auth !== undefined) {
          await run(url, `CREATE USER "${auth.user}" WITH PASSWORD '${auth.password}' WITH ALL PRIVILEGES`, auth);
        }
        await run(url, `CREATE DATABASE "${database}"`, auth);
      },
    };
  },
};

async function run(url: string, q: string, auth: InfluxdbOptions['auth']): Promise<void> {
  const credentials = Buffer.from(`${auth?.user}:${auth?.password}`).toString('base64');
  const answer = await fetch(`${url}/query`, {
    method: 'POST',
    body: new URLSearchParams({ q }),
    headers: auth === undefined ? {} : { authorization: `Basic ${credentials}` },
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${q.split('"')[0]}answered ${answer.status}: ${text}`);
}

const configuration = (
  dir: string,
  address: string,
  backupPort: number,
  concurrentWrites: number,
  authenticates: boolean,
) => `
reporting-disabled = true
bind-address = "127.0.0.1:${backupPort}"
[meta]
  dir = "${dir}/meta"
[data]
  dir = "${dir}/data"
  wal-dir = "${dir}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "${address}"
  log-enabled = false
  auth-enabled = ${authenticates}
  max-concurrent-write-limit = ${concurrentWrites}
  max-enqueued-write-limit = ${concurrentWrites}
  enqueued-write-timeout = "200ms"
`;
