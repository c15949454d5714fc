import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cutTornTail } from './torn-tail.js';

describe('cutTornTail', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'torn-'));
    path = join(directory, 'points');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('leaves a file alone that ends with a line, or is empty', async () => {
    for (const text of ['', 'a\n', 'a\nb\n']) {
      await writeFile(path, text);
      expect(await cutTornTail(path)).toEqual({ size: text.length, torn: 0 });
      expect(await readFile(path, 'utf8')).toBe(text);
    }
    expect(await readdir(directory)).toEqual(['points']);
  });

  it('moves what follows the last line end aside, however long it is', async () => {
    const length = fc.oneof(fc.nat(20), fc.constantFrom(65_535, 65_536, 65_537, 200_000));
    await fc.assert(
      fc.asyncProperty(length, fc.oneof(fc.constant(0), fc.constant(1), length), async (torn, whole) => {
        fc.pre(torn > 0);
        await rm(`${path}.torn`, { force: true });
        const lines = whole === 0 ? '' : `${'a'.repeat(whole - 1)}\n`;
        await writeFile(path, `${lines}${'b'.repeat(torn)}`);
        expect(await cutTornTail(path)).toEqual({ size: whole, torn });
        expect((await readFile(path, 'utf8')) === lines).toBe(true);
        expect((await readFile(`${path}.torn`, 'utf8')) === `${'b'.repeat(torn)}\n`).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('adds to what was moved aside before, which only its owner may read', async () => {
    for (const torn of ['first', 'second']) {
      await writeFile(path, `a\n${torn}`);
      await cutTornTail(path);
    }
    expect(await readFile(`${path}.torn`, 'utf8')).toBe('first\nsecond\n');
    expect((await stat(`${path}.torn`)).mode & 0o777).toBe(0o600);
  });

  it('takes the zeros that a power failure leaves for a half-written line', async () => {
    await writeFile(path, `a\n${'\0'.repeat(4096)}`);
    expect(await cutTornTail(path)).toEqual({ size: 2, torn: 4096 });
  });
});
