import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { expect, it } from 'vitest';
import { httpBackend } from '../backend/http-backend.js';
import { writeGateway } from '../gateway/index.js';
import { openSpool } from '../spool/open.js';
import { loggedLines } from './frames.js';
import { replay } from './replay.js';
import type { RefusedLine } from './send-lines.js';

it('offers a mended file to a real gateway, which names the lines that are not mended yet', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'replay-'));
  const directory = join(folder, 'spool');
  const spool = await openSpool({ directory, backends: [httpBackend({ url: 'http://127.0.0.1:1' })] });
  const app = Fastify();
  await app.register(writeGateway, { intake: spool.intake, instance: 'test', token: 'secret' });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const gateway = httpBackend({ url, token: 'secret' });
  const stranger = httpBackend({ url, token: 'wrong' });
  try {
    const file = join(folder, 'mended');
    const good = Array.from({ length: 30 }, (_, at) => `tide level=${at} ${at}`);
    const text = ['# destination {"org":"","bucket":"tides"}', ...good, 'tide level=high 1', 'tide n="a\nb" 31'];
    await writeFile(file, text.join('\n'));
    const refused: RefusedLine[] = [];
    const options = {
      file,
      signal: new AbortController().signal,
      onRefused: (line: RefusedLine) => refused.push(line),
    };
    expect(await replay({ ...options, backend: gateway })).toEqual({ accepted: 31, refused: 1 });
    expect(refused).toMatchObject([{ number: 32, text: 'tide level=high 1' }]);
    expect(refused[0]?.words).toContain('line 1, column 12');
    const logged = [];
    for await (const { bytes, destination } of loggedLines(directory, {}))
      logged.push([destination.bucket, `${bytes}`]);
    expect(logged).toHaveLength(31);
    expect(logged.at(-1)).toEqual(['tides', 'tide n="a\nb" 31']);
    await expect(replay({ ...options, backend: stranger })).rejects.toThrow('takes nothing (unauthorized)');
  } finally {
    await Promise.all([gateway.close(), stranger.close()]);
    await app.close();
    await spool.close();
    await rm(folder, { recursive: true, force: true });
  }
});
