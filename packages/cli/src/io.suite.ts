import { runCli } from './cli.js';
import { commands } from './commands.js';

export const NOW_MS = Date.parse('2026-01-02T03:04:05Z');

/** Runs a command line, and gives back what it printed. */
export async function breakwater(...args: readonly string[]) {
  return breakwaterWith({}, ...args);
}

export async function breakwaterWith(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  let [printed, said] = ['', ''];
  const code = await runCli(
    args,
    {
      print: async (text) => {
        printed += Buffer.from(text as string).toString();
      },
      say: (text) => {
        said += text;
      },
      env,
      signal: new AbortController().signal,
      now: () => NOW_MS,
    },
    { version: '1.2.3', commands },
  );
  return { code, printed, said };
}
