import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nameLookup } from '@breakwater/resilience/http';
import { afterEach, expect, it } from 'vitest';
import { readConfig } from '../config/config.js';
import { ScriptedNameServer } from '../probes/dns/name-server.suite.js';
import { TEST_CERTIFICATE } from '../probes/http/certificate.suite.js';
import { handOverOf } from './hand-over.js';

const closers: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Peers behind `web-1.test`, which one name server alone knows, with a certificate that signed itself. */
async function peers() {
  const ports: number[] = [];
  const refused: Error[] = [];
  const server = createServer(TEST_CERTIFICATE, (request, response) => {
    ports.push(request.socket.remotePort!);
    request.resume().on('end', () => response.writeHead(204).end());
  });
  server.on('tlsClientError', (error) => refused.push(error));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const dns = await ScriptedNameServer.start({ records: [{ data: Buffer.of(127, 0, 0, 1) }] });
  closers.push(
    async () => server.close(),
    () => dns.close(),
  );
  const env = {
    INFLUX_URLS: 'http://127.0.0.1:1',
    INFLUX_BUCKET: 'b',
    HANDOVER_URL: `https://web-1.test:${(server.address() as AddressInfo).port}`,
    DNS_SERVERS: `127.0.0.1:${dns.port}`,
  };
  return { env, ports, refused, server };
}

const handing = (env: Readonly<Record<string, string>>) => {
  const config = readConfig(env).delivery!;
  const hand = handOverOf(config, 'this', nameLookup({ name: 'dns', ...config.dns }))!;
  const batch = { lanes: ['http://127.0.0.1:1'], destination: { org: '', bucket: '' }, bytes: 8, points: 1 };
  return (signal: AbortSignal) => hand({ ...batch, body: [Buffer.from('m f=1 1\n')] }, signal);
};

it('reaches peers whose name DNS_SERVERS know and whose certificate HANDOVER_CA_FILE vouches for, each time anew', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hand-over-'));
  closers.push(() => rm(folder, { recursive: true }));
  const file = join(folder, 'ca.pem');
  await writeFile(file, TEST_CERTIFICATE.cert);
  const { env, ports } = await peers();
  const hand = handing({ ...env, HANDOVER_CA_FILE: file });
  for (let batch = 0; batch < 3; batch++) await hand(new AbortController().signal);
  expect(new Set(ports).size).toBe(3);
});

it('brings nothing to peers whose certificate nobody vouches for', async () => {
  const { env, ports, server } = await peers();
  const ending = new AbortController();
  server.once('tlsClientError', () => setImmediate(() => ending.abort()));
  await expect(handing(env)(ending.signal)).rejects.toThrow();
  expect(ports).toEqual([]);
});
