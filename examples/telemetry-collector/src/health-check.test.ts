import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./health-check.ts', import.meta.url));
let server: Server;
let answer: { status: number; text: string };
let asked: string[];

beforeEach(async () => {
  answer = { status: 200, text: '{}' };
  asked = [];
  server = createServer(({ url }, response) => {
    asked.push(url ?? '');
    response.writeHead(answer.status).end(answer.text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => void server.close());

const portOf = (): string => String((server.address() as AddressInfo).port);

async function check(env: Record<string, string>): Promise<{ code: number; out: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, out };
}

describe('the health check of the image', () => {
  it.each(['', '0.0.0.0', '127.0.0.1'])(
    'asks the collector that listens on HOST=%j whether it is ready',
    async (HOST) => {
      expect(await check({ HOST, PORT: portOf() })).toEqual({ code: 0, out: 'ready\n' });
      expect(asked).toEqual(['/health/ready']);
    },
  );

  it('fails with the words of a collector that is not', async () => {
    answer = { status: 503, text: 'draining' };
    expect(await check({ PORT: portOf() })).toEqual({ code: 1, out: '503: draining\n' });
  });

  it('fails where nobody listens', async () => {
    const port = portOf();
    server.close();
    expect(await check({ PORT: port })).toEqual({ code: 1, out: expect.stringContaining('ECONNREFUSED') });
  });
});
