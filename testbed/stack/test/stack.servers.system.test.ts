import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../stack.ts');
const GONE_WITHIN_MS = 60_000;

interface Said {
  readonly services: ReadonlyArray<{ readonly service: string; readonly url: string; readonly pid: number }>;
  readonly notRun: ReadonlyArray<{ readonly service: string; readonly reason: string }>;
  readonly folder: string;
}

/** `npm run stack -- --json`, and what it said when all ran. */
async function start(...args: string[]): Promise<{ process: ChildProcess; said: Said }> {
  const started = spawn(process.execPath, ['--import', 'tsx', PROGRAM, '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const piece of started.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    text += piece;
    if (text.includes('\n')) break;
  }
  return { process: started, said: JSON.parse(text) as Said };
}

const pids = (): string[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name));

/** A process that runs, not one that ended and was not waited for; undefined: there is none. */
function running(pid: string): { parent: string; command: string } | undefined {
  try {
    const [, state, parent] = /\) (\w) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))!;
    return state === 'Z' ? undefined : { parent: parent!, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8') };
  } catch {
    return undefined;
  }
}

const childrenOf = (parent: number): string[] => pids().filter((pid) => running(pid)?.parent === String(parent));

/** Processes of a stack that still run: those that it named or started, and those with its folder in their command line. */
function left({ services, folder }: Said, children: readonly string[] = []): string[] {
  const known = new Set([...services.map(({ pid }) => String(pid)), ...children]);
  return pids().filter((pid) => {
    const process = running(pid);
    return process !== undefined && (known.has(pid) || process.command.includes(folder));
  });
}

describe('npm run stack', () => {
  it('ends by itself after the time that it was given, and leaves nothing behind', async () => {
    const { process: stack, said } = await start('--for', '1s');
    expect(said.services.map(({ service }) => service)).toEqual(
      expect.arrayContaining(['load-balancer', 'network-telemetry-3', 'influxdb-2', 'redis', 'prometheus']),
    );
    expect(said.notRun.map(({ service }) => service)).toContain('cadvisor');
    const [code] = (await once(stack, 'exit')) as [number];
    expect({ code, left: left(said), folder: existsSync(said.folder) }).toEqual({ code: 0, left: [], folder: false });
  });

  it('ends in order at Ctrl-C', async () => {
    const { process: stack, said } = await start();
    expect(left(said).length).toBeGreaterThanOrEqual(said.services.length);
    stack.kill('SIGINT');
    const [code] = (await once(stack, 'exit')) as [number];
    expect({ code, left: left(said), folder: existsSync(said.folder) }).toEqual({ code: 0, left: [], folder: false });
  });

  it('leaves no process behind when it is killed', async () => {
    const { process: stack, said } = await start();
    const children = childrenOf(stack.pid!);
    expect(children.length).toBeGreaterThan(said.services.length);
    stack.kill('SIGKILL');
    await expect.poll(() => left(said, children), { timeout: GONE_WITHIN_MS }).toEqual([]);
    rmSync(said.folder, { recursive: true });
  });
});
