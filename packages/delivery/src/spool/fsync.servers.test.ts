import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { requireProgram } from '@breakwater/testbed';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ScriptedServer } from '../backend/scripted-server.suite.js';

const TRACED =
  'pwrite64,pwritev,pwritev2,write,writev,fdatasync,fsync,unlink,unlinkat,rename,renameat,renameat2,sendto,sendmsg';
const POINTS = 200;
const SOURCES = new URL('../', import.meta.url);

/** The sources themselves, not what was once built of them. It ends when its stdin does, or we do. */
const gateway = (directory: string, backend: string): string => `
  import Fastify from 'fastify';
  import { httpBackend } from ${JSON.stringify(new URL('backend/http-backend.ts', SOURCES).href)};
  import { writeGateway } from ${JSON.stringify(new URL('gateway/gateway.ts', SOURCES).href)};
  import { openSpool } from ${JSON.stringify(new URL('spool/open.ts', SOURCES).href)};
  const backends = [httpBackend({ url: ${JSON.stringify(backend)} })];
  const spool = await openSpool({ directory: ${JSON.stringify(directory)}, backends, lingerMs: 1 });
  const app = Fastify();
  await app.register(writeGateway, { intake: spool.intake, instance: 'me' });
  console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
  process.stdin.resume().once('end', async () => {
    await app.close();
    await spool.close();
  });
`;

/** A system call that succeeded, and where in the trace it began and ended: others may lie between. */
interface Call {
  readonly name: string;
  /** What it was given. Of a file the path, as it was then. */
  readonly args: string;
  readonly beganAt: number;
  readonly endedAt: number;
}

/** What strace -f -y wrote. A call that another thread's calls interrupt takes two lines. */
function callsOf(trace: string): Call[] {
  const calls: Call[] = [];
  const unfinished = new Map<string, { beganAt: number; head: string }>();
  for (const [at, line] of trace.split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const head = /^(.*) <unfinished \.\.\.>$/.exec(rest)?.[1];
    if (head !== undefined) {
      unfinished.set(thread, { beganAt: at, head });
      continue;
    }
    const tail = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    const begun = tail === undefined ? { beganAt: at, head: '' } : unfinished.get(thread)!;
    const [, name, args] = /^(\w+)\((.*)\) += \d+$/.exec(begun.head + (tail ?? rest)) ?? [];
    if (name !== undefined && args !== undefined) calls.push({ name, args, beganAt: begun.beganAt, endedAt: at });
  }
  return calls;
}

describe('a process that was traced while it answered 204 to one write', () => {
  let directory: string;
  let calls: Call[];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'fsync-'));
    await using backend = await ScriptedServer.start(() => ({
      status: 204,
      headers: { 'x-influxdb-version': '1.8.10' },
    }));
    const strace = await requireProgram({ program: 'strace', debianPackage: 'strace' });
    const trace = join(directory, 'trace');
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e'];
    const child = spawn(
      strace,
      [
        '-f',
        '-y',
        '-s',
        '4096',
        '-e',
        `trace=${TRACED}`,
        '-o',
        trace,
        ...node,
        gateway(join(directory, 'spool'), backend.url),
      ],
      { cwd: fileURLToPath(new URL('../', SOURCES)), stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const ended = once(child, 'close');
    try {
      const { value: url } = await createInterface(child.stdout)[Symbol.asyncIterator]().next();
      const body = Array.from({ length: POINTS }, (_, at) => `m,host=a f=${at} ${at}\n`).join('');
      expect((await fetch(`${url}/write?db=d`, { method: 'POST', body })).status).toBe(204);
      await vi.waitFor(() => expect(backend.writes).toHaveLength(1), 60_000);
    } finally {
      child.stdin.end();
    }
    expect(await ended).toEqual([0, null]);
    calls = callsOf(await readFile(trace, 'latin1'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  const all = (name: RegExp, args: RegExp) => calls.filter((call) => name.test(call.name) && args.test(call.args));
  const only = (name: RegExp, args: RegExp): Call => {
    const found = all(name, args);
    expect(found.length, `calls of ${name} with ${args}`).toBe(1);
    return found[0]!;
  };
  /** When what was written there is known to be on disk. */
  const syncedAt = (written: Call): number => {
    const path = /^\d+<([^>]+)>/.exec(written.args)![1]!;
    const sync = all(/^f(data)?sync$/, /^\d+</).find(
      ({ args, beganAt }) => args.includes(`<${path}>`) && beganAt > written.endedAt,
    );
    return sync?.endedAt ?? Number.POSITIVE_INFINITY;
  };

  it('shows the segment written and synced before the answer', () => {
    const frame = only(/^pwrite/, /\/segments\/\d{16}\.log>.*m,host=a f=1 1/);
    const answer = only(/^(write|send)/, /HTTP\/1\.1 204/);
    expect(syncedAt(frame)).toBeLessThan(answer.beganAt);
  });

  it('shows a checkpoint that knows the frame as done written and synced before its segment is deleted', () => {
    const checkpoints = all(/^pwrite/, /\.checkpoint>.*\\"done\\":\[\[1,1\]\]/);
    const deletion = only(/^unlink/, /\/segments\/\d{16}\.log"/);
    expect(Math.min(...checkpoints.map(syncedAt))).toBeLessThan(deletion.beganAt);
  });
});
