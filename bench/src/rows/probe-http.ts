import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServer } from '@breakwater/testbed';
import { request } from 'undici';
import { cpuSeconds } from '../cpu-time.js';
import { median } from '../measure.js';
import { type Row, row } from '../row.js';

const COLLECTOR = fileURLToPath(new URL('../../../examples/telemetry-collector/dist/main.js', import.meta.url));
const TARGETS = 2_000;
const AT_ONCE = 64;
const ROUNDS = 5;

/** Probes per CPU second of the probing process, 64 at once against one local server, by the whole collector and by blackbox_exporter. */
export async function probeHttpRow(): Promise<Row> {
  const target = fork(fileURLToPath(new URL('../http-target.js', import.meta.url)));
  try {
    const [port] = (await once(target, 'message')) as [number];
    const url = `http://127.0.0.1:${port}/`;
    return row('probe-http', 'blackbox_exporter', { oursNs: await collector(url), peerNs: await blackbox(url) });
  } finally {
    target.kill();
  }
}

/** The median over rounds, the first thrown away, of probes per CPU second of `pid`. */
async function rate(pid: number, round: () => Promise<void>): Promise<number> {
  const rates: number[] = [];
  for (let index = 0; index <= ROUNDS; index++) {
    const before = cpuSeconds(pid);
    await round();
    if (index > 0) rates.push(TARGETS / (cpuSeconds(pid) - before));
  }
  return median(rates);
}

async function blackbox(url: string): Promise<number> {
  await using exporter = await startServer('blackbox-exporter');
  return await rate(exporter.pid, async () => {
    let left = TARGETS;
    const prober = async () => {
      while (left-- > 0) {
        const answer = await request(exporter.probeUrl(url));
        const page = await answer.body.text();
        if (!page.includes('probe_success 1')) throw new Error(`blackbox_exporter could not probe ${url}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, prober));
  });
}

/** The collector as it ships, sink and metrics included; only its slots are set to let 64 probes run at once. */
async function collector(url: string): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'breakwater-bench-'));
  const port = await freePort();
  await writeFile(join(dir, 'targets.yaml'), targetsFile(url));
  const service = spawn(process.execPath, [COLLECTOR], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PORT: String(port),
      TARGETS_FILE: join(dir, 'targets.yaml'),
      DATA_DIR: join(dir, 'data'),
      LOG_LEVEL: 'error',
      // A quarter of the slots is the slow share.
      MAX_CONCURRENT_TARGETS: String(Math.ceil((AT_ONCE * 4) / 3)),
      MAX_CONNECTIONS_PER_HOST: String(AT_ONCE),
    },
  });
  try {
    await ready(service, port);
    return await rate(service.pid!, () => collectAll(port));
  } finally {
    service.kill('SIGTERM');
    await once(service, 'exit');
    await rm(dir, { recursive: true, force: true });
  }
}

function targetsFile(url: string): string {
  const targets = Array.from({ length: TARGETS }, (_, index) => `  - { name: t${index}, probe: http, url: "${url}" }`);
  // Turns of their own come once an hour: what is measured is what was asked for.
  return `apiVersion: breakwater/v1\nkind: Targets\ndefaults: { interval: 1h, timeout: 5s }\ntargets:\n${targets.join('\n')}\n`;
}

async function collectAll(port: number): Promise<void> {
  const answer = await request(`http://127.0.0.1:${port}/collect`, { method: 'POST', headersTimeout: 60_000 });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`POST /collect answered ${answer.statusCode}: ${text.slice(0, 500)}`);
  const failed = (JSON.parse(text) as { targets: { outcome: string }[] }).targets.filter((one) => one.outcome !== 'up');
  if (failed.length > 0) throw new Error(`${failed.length} probes failed, such as ${JSON.stringify(failed[0])}`);
}

async function ready(service: ChildProcess, port: number): Promise<void> {
  let said = '';
  service.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4_000);
  });
  for (let attempt = 0; attempt < 100; attempt++) {
    if (service.exitCode !== null) throw new Error(`the collector ended with ${service.exitCode}: ${said}`);
    try {
      const answer = await request(`http://127.0.0.1:${port}/health/ready`);
      await answer.body.dump();
      if (answer.statusCode === 200) return;
    } catch {
      // Not listening yet: asked again.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the collector was not ready within 10 s: ${said}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port to listen on');
  return address.port;
}
