import { describe, expect, it } from 'vitest';
import { readLines } from './line-reader.js';

async function* inChunks(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, size = 3) {
  const lines: Array<{ number: number; text: string }> = [];
  for await (const { number, bytes } of readLines(inChunks(text, size))) lines.push({ number, text: bytes.toString() });
  return lines;
}

describe('lines of a file', () => {
  it('are numbered as an editor numbers them', async () => {
    expect(await read('# words\n\nm v=1 1\r\nm v=2 2')).toEqual([
      { number: 1, text: '# words' },
      { number: 3, text: 'm v=1 1' },
      { number: 4, text: 'm v=2 2' },
    ]);
  });

  it('go on over a line end inside a quoted value', async () => {
    expect(await read('m s="one\ntwo \\" =,\nthree" 1\nm v=2 2\n')).toEqual([
      { number: 1, text: 'm s="one\ntwo \\" =,\nthree" 1' },
      { number: 4, text: 'm v=2 2' },
    ]);
  });

  it('end where quotes stand in names, tags or comments', async () => {
    expect(await read('"m,t="a v=1 1\n# it is "odd x="\nm v=2 2\n')).toHaveLength(3);
  });

  it('are the same in whatever pieces they come', async () => {
    const text = 'grüße,t=ä s="ß\n" 1\n# ü\nm v=1 2\n';
    const whole = await read(text, 1_000);
    expect(whole).toHaveLength(3);
    for (let size = 1; size < 9; size++) expect(await read(text, size)).toEqual(whole);
  });

  it('have an end: a missing quote does not swallow the rest of a large file into memory', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('m v=1 1\nm s="oops 2\n');
      for (;;) yield Buffer.alloc(1024 * 1024, 'm v=1 1\n');
    }
    const lines = readLines(endless());
    await lines.next();
    await expect(lines.next()).rejects.toThrow('line 2 has no end within 16 MiB; is a quote missing?');
  });
});
