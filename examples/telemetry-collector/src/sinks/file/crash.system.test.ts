import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { seededRandom } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileSink } from './file-sink.js';

const BUILT = new URL('../../../dist/sinks/file/file-sink.js', import.meta.url);

/** Writes batch after batch, a few at once, and tells the number of each that was answered. */
const writer = (directory: string, round: number): string => `
  import { openFileSink } from ${JSON.stringify(BUILT.href)};
  const sink = await openFileSink({ directory: ${JSON.stringify(directory)}, maxFileBytes: 300_000, maxTotalBytes: 1e9 });
  const context = { signal: new AbortController().signal, deadline: Infinity, attempt: 1 };
  let next = 0;
  const work = async () => {
    for (;;) {
      const batch = ${round} * 1e6 + next++;
      const lines = Array.from({ length: 20 }, (_, line) => 'm,batch=' + batch + ' line=' + line + 'i,pad="' + 'x'.repeat(100) + '" 1');
      await sink.write(lines, context);
      process.stdout.write(batch + '\\n');
    }
  };
  for (let worker = 0; worker < 8; worker++) work();
`;

/** Lets the writer work until it has told of `count` batches, then kills it. */
function killAfter(count: number, directory: string, round: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', writer(directory, round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const told: number[] = [];
    const lines = createInterface(child.stdout);
    lines.on('line', (line) => {
      told.push(Number(line));
      if (told.length === count) child.kill('SIGKILL');
    });
    child.once('error', reject);
    lines.once('close', () => resolve(told));
  });
}

describe('the file sink of a process that is killed', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'crash-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('has every line that was answered, whole and once, and nothing half', async () => {
    const random = seededRandom(7);
    const told: number[] = [];
    for (let round = 1; round <= 12; round++) {
      told.push(...(await killAfter(1 + Math.floor(random() * 150), directory, round)));
    }
    const sink = await openFileSink({ directory });
    await sink.close();
    const names = (await readdir(directory)).filter((name) => name.endsWith('.lp'));
    const text = (await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))).join('');
    const lines = text.split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.filter((line) => !/^m,batch=\d+ line=\d+i,pad="x{100}" 1$/.test(line))).toEqual([]);
    const found = new Map<string, number>();
    for (const line of lines) found.set(line, (found.get(line) ?? 0) + 1);
    expect([...found.values()].every((times) => times === 1)).toBe(true);
    const missing = told.filter((batch) => !found.has(`m,batch=${batch} line=19i,pad="${'x'.repeat(100)}" 1`));
    expect(missing).toEqual([]);
    expect(told.length).toBeGreaterThan(100);
    expect(names.length).toBeGreaterThan(1);
  });
});
