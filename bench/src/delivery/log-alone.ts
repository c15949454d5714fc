import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { httpBackend, type Lines, normalizeLines, openSpool, type Spool } from '@breakwater/delivery';
import { freePort } from '@breakwater/testbed';
import { median } from '../measure.js';
import type { Comparison } from './comparison.js';

const POINTS = 500;
const ROUNDS = 7;
const BATCHES = 400;
const WRITERS = 16;
const DESTINATION = { org: '', bucket: 'bench' };

/** Accepted batches a second, beside a plain write and fdatasync of the same bytes, in rounds that alternate. */
export async function logAlone(): Promise<Comparison[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-log-'));
  const dead = httpBackend({ url: `http://127.0.0.1:${await freePort()}`, org: '', bucket: 'bench', token: '' });
  const spool = await openSpool({ directory: join(folder, 'spool'), backends: [dead], maxBytes: 16 * 2 ** 30 });
  try {
    const lines = batch();
    const small = await beside(spool, lines, folder);
    const backlog = BATCHES * (ROUNDS + 1) * 2 * 9;
    await accept(spool, lines, backlog, WRITERS);
    const large = await beside(spool, lines, folder);
    return [...small.map((row) => named(row, '')), ...large.map((row) => named(row, ', ten times the backlog'))];
  } finally {
    await spool.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const named = (row: Comparison, suffix: string): Comparison => ({ ...row, name: `${row.name}${suffix}` });

function batch(): Lines[] {
  const text = Array.from(
    { length: POINTS },
    (_, index) =>
      `sample,host=host-${index % 100},region=eu-west load=${index / 7},n=${index}i 17637840000000${10_000 + index}`,
  );
  return normalizeLines(Buffer.from(`${text.join('\n')}\n`), { precision: 'ns', nowNs: 0n });
}

async function beside(spool: Spool, lines: Lines[], folder: string): Promise<Comparison[]> {
  const body = Buffer.concat(lines.map((piece) => piece.body));
  const rates: Record<'one' | 'many' | 'raw', number[]> = { one: [], many: [], raw: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    const one = await rate(() => accept(spool, lines, BATCHES, 1));
    const raw = await rate(() => writeRaw(join(folder, 'raw'), body));
    const many = await rate(() => accept(spool, lines, BATCHES, WRITERS));
    if (round === 0) continue;
    rates.one.push(one);
    rates.raw.push(raw);
    rates.many.push(many);
  }
  const theirs = median(rates.raw);
  const row = (name: string, ours: number, atLeast: number): Comparison => {
    return { name, unit: 'batches/s', ours, theirs, ratio: ours / theirs, goal: { atLeast } };
  };
  return [row('log, one writer', median(rates.one), 0.6), row('log, 16 writers', median(rates.many), 3)];
}

async function rate(batches: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await batches();
  return (BATCHES / (performance.now() - startedMs)) * 1_000;
}

async function accept(spool: Spool, lines: Lines[], batches: number, writers: number): Promise<void> {
  let left = batches;
  const writer = async () => {
    while (left-- > 0) await spool.intake.accept({ lines, destination: DESTINATION });
  };
  await Promise.all(Array.from({ length: writers }, writer));
}

async function writeRaw(path: string, body: Buffer): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (let index = 0; index < BATCHES; index++) {
      await file.write(body, 0, body.length, index * body.length);
      await file.datasync();
    }
  } finally {
    await file.close();
  }
}
