import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../testing/virtual-clock.js';
import { CheckedFile } from './checked-file.js';

describe('CheckedFile', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'breakwater-'));
    path = join(folder, 'file');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function setup(maxBytes = 100) {
    const clock = new VirtualClock();
    const parsed: string[] = [];
    const parse = (text: string) => {
      parsed.push(text);
      return text;
    };
    return { clock, parsed, file: new CheckedFile(path, parse, { clock, checkEveryMs: 5000, maxBytes }) };
  }

  it('reads the file when it is first asked for', () => {
    writeFileSync(path, 'one');
    expect(setup().file.value).toBe('one');
  });

  it('sees a change once its time has come, and not before', async () => {
    writeFileSync(path, 'one');
    const { clock, file } = setup();
    expect(file.value).toBe('one');
    writeFileSync(path, 'three');
    await clock.advance(4999);
    expect(file.value).toBe('one');
    await clock.advance(1);
    expect(file.value).toBe('three');
  });

  it('sees a file of the same size and time that was put in the place of the old one', async () => {
    writeFileSync(path, 'one');
    utimesSync(path, 1000, 1000);
    const { clock, file } = setup();
    expect(file.value).toBe('one');
    writeFileSync(`${path}.new`, 'two');
    utimesSync(`${path}.new`, 1000, 1000);
    renameSync(`${path}.new`, path);
    await clock.advance(5000);
    expect(file.value).toBe('two');
  });

  it('parses a file that did not change only once', async () => {
    writeFileSync(path, 'one');
    const { clock, file, parsed } = setup();
    for (let round = 0; round < 5; round++) {
      expect(file.value).toBe('one');
      await clock.advance(5000);
    }
    expect(parsed).toEqual(['', 'one']);
  });

  it('takes a file that is missing or went away for an empty one', async () => {
    const { clock, file } = setup();
    expect(file.value).toBe('');
    writeFileSync(path, 'one');
    await clock.advance(5000);
    expect(file.value).toBe('one');
    rmSync(path);
    await clock.advance(5000);
    expect(file.value).toBe('');
    expect(file.failures).toBe(0);
  });

  it('keeps what it had when the file cannot be read, and counts', async () => {
    writeFileSync(path, 'one');
    const { clock, file } = setup();
    expect(file.value).toBe('one');
    rmSync(path);
    mkdirSync(path);
    await clock.advance(5000);
    expect(file.value).toBe('one');
    expect(file.failures).toBe(1);
  });

  it('reads no more than it may, and no line that is cut off', () => {
    writeFileSync(path, 'aaaa\nbbbb\ncccc\n');
    expect(setup(12).file.value).toBe('aaaa\nbbbb\n');
    expect(setup(16).file.value).toBe('aaaa\nbbbb\ncccc\n');
  });
});
