import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { WriterPlan, WriterReport } from './writer-plan.js';

const WRITER = fileURLToPath(new URL('writer.js', import.meta.url));
const run = promisify(execFile);

/** Runs one side in a process of its own, with a log folder of its own. */
export async function runWriter(plan: Omit<WriterPlan, 'directory'>): Promise<WriterReport> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-delivery-'));
  try {
    const whole: WriterPlan = { ...plan, directory: join(folder, 'spool') };
    const { stdout } = await run(process.execPath, [WRITER, JSON.stringify(whole)], { maxBuffer: 1_000_000 });
    return JSON.parse(stdout) as WriterReport;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How many points of the benchmark a server has. */
export async function storedPoints(url: string, database: string): Promise<number> {
  const query = new URLSearchParams({ db: database, q: 'SELECT count(n) FROM sample' });
  const answer = (await (await fetch(`${url}/query?${query}`)).json()) as {
    results: Array<{ series?: Array<{ values: Array<[string, number]> }> }>;
  };
  return answer.results[0]?.series?.[0]?.values[0]?.[1] ?? 0;
}

/** An empty database for every run: a server that overwrites points has less to do. */
export async function freshDatabase(url: string, name: string): Promise<string> {
  for (const q of [`DROP DATABASE "${name}"`, `CREATE DATABASE "${name}"`]) {
    const answer = await fetch(`${url}/query`, { method: 'POST', body: new URLSearchParams({ q }) });
    if (!answer.ok) throw new Error(`${q} answered ${answer.status}`);
    await answer.arrayBuffer();
  }
  return name;
}
