import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Answer, SendRequest } from '../backend/backend.js';
import { type ReplayOptions, replay } from './replay.js';
import type { RefusedLine } from './send-lines.js';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replay-'));
  file = join(folder, 'lines');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const TEXT = [
  '# destination {"org":"","bucket":"a"}',
  '# http://influx-a:8086: field type conflict',
  'm v=1 1',
  'm s="two',
  'lines" 2',
  '',
  '# destination {"org":"o","bucket":"b"}',
  '# this is for people, # destination {"org":"no"}',
  'm bad 3',
  'm v=4 4',
].join('\n');

async function run(options: Partial<ReplayOptions> = {}) {
  const requests: Array<[bucket: string, lines: string]> = [];
  const refused: RefusedLine[] = [];
  const report = await replay({
    file,
    backend: {
      id: 'http://collector:8080',
      async send({ destination, body }: SendRequest): Promise<Answer> {
        const text = Buffer.concat(body).toString();
        if (text.includes('bad')) return { kind: 'bad-lines', words: 'line 1, column 3: no field' };
        requests.push([destination.bucket, text]);
        return { kind: 'stored' };
      },
    },
    signal: new AbortController().signal,
    onRefused: (line) => refused.push(line),
    ...options,
  });
  return { report, requests, refused };
}

describe('replay', () => {
  it('offers each line where its comment says, and names refused ones by their place in the file', async () => {
    await writeFile(file, TEXT);
    expect(await run()).toEqual({
      report: { accepted: 3, refused: 1 },
      requests: [
        ['a', 'm v=1 1\nm s="two\nlines" 2\n'],
        ['b', 'm v=4 4\n'],
      ],
      refused: [{ number: 9, text: 'm bad 3', words: 'line 1, column 3: no field' }],
    });
  });

  it('takes gzip, and sends everything to one place when it is told to', async () => {
    await writeFile(file, gzipSync(TEXT));
    const { report, requests } = await run({ destination: { org: '', bucket: 'c' } });
    expect(report).toEqual({ accepted: 3, refused: 1 });
    expect(new Set(requests.map(([bucket]) => bucket))).toEqual(new Set(['c']));
  });

  it('cuts what is large into requests of 5,000 lines', async () => {
    await writeFile(file, 'm v=1\n'.repeat(12_000));
    const { report, requests } = await run();
    expect(report.accepted).toBe(12_000);
    expect(requests.map(([, text]) => text.length / 6)).toEqual([5_000, 5_000, 2_000]);
  });

  it('says how far it came when the gateway takes nothing more', async () => {
    await writeFile(file, 'm v=1\n'.repeat(6_000));
    let requests = 0;
    const send = async (): Promise<Answer> =>
      ++requests === 1
        ? { kind: 'stored' }
        : { kind: 'hold', reason: 'unauthorized', words: 'no token', scope: 'backend', mayBeStored: false };
    await expect(run({ backend: { id: 'http://collector:8080', send } })).rejects.toThrow(
      'takes nothing (unauthorized): no token; 5000 lines were accepted before, 0 refused',
    );
  });

  it('stops when everything is refused', async () => {
    await writeFile(file, 'm bad\n'.repeat(6_000));
    await expect(run()).rejects.toThrow(
      'the first 1000 lines were refused: line 1, column 3: no field; 0 lines were accepted before, 1000 refused',
    );
  });

  it('says of a broken file what is wrong with it', async () => {
    await writeFile(file, gzipSync(TEXT).subarray(0, 40));
    await expect(run()).rejects.toThrow(`${file} is not sound gzip: unexpected end of file`);
    await expect(run({ file: join(folder, 'nope') })).rejects.toThrow('ENOENT');
  });
});
