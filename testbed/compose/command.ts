import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const SHOWN = 4_000;

/**
 * Runs a program to its end and returns what it printed to stdout.
 * @throws Error with the end of what it said, when it did not exit with 0.
 */
export async function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, said] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
    said = (said + chunk).slice(-SHOWN);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-SHOWN);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (code === 0) return out;
  throw new Error(`${program} ${args.slice(0, 8).join(' ')} ended with ${signal ?? code}:\n${said.trimEnd()}`);
}
