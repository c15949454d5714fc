import { type CommandEntry, type ExitCode, FINE, FOUND, USAGE, UsageError } from './command.js';
import { manual, overview } from './help.js';
import type { Io } from './io.js';
import { nearest } from './nearest.js';

export interface Cli {
  readonly version: string;
  readonly commands: readonly CommandEntry[];
}

/** Does what the command line says. Rejects for mistakes in the program alone. */
export async function runCli(args: readonly string[], io: Io, cli: Cli): Promise<ExitCode> {
  const command = find(args, cli.commands);
  try {
    return await dispatch(args, command, io, cli);
  } catch (error) {
    if (error instanceof UsageError) {
      io.say(`breakwater: ${error.message}\nSee: breakwater help${command === undefined ? '' : ` ${command.name}`}\n`);
      return USAGE;
    }
    if (io.signal.aborted) {
      io.say('breakwater: stopped before it was done\n');
      return FOUND;
    }
    if (!canBeMended(error)) throw error;
    io.say(`breakwater: ${error.message}\n`);
    return FOUND;
  }
}

async function dispatch(
  args: readonly string[],
  entry: CommandEntry | undefined,
  io: Io,
  { version, commands }: Cli,
): Promise<ExitCode> {
  const [first] = args;
  if (entry !== undefined) {
    const rest = args.slice(wordsOf(entry));
    const command = await entry.load();
    if (!asksForHelp(rest)) return command.run(rest, io);
    await io.print(manual(entry, command));
    return FINE;
  }
  if (first === '--version') {
    await io.print(`${version}\n`);
    return FINE;
  }
  const topic = first === 'help' ? args.slice(1) : args.filter((arg) => !isHelp(arg));
  await io.print(await helpOn(topic, commands));
  return first === 'help' || args.some(isHelp) ? FINE : USAGE;
}

async function helpOn(topic: readonly string[], commands: readonly CommandEntry[]): Promise<string> {
  if (topic.length === 0) return overview(commands);
  const entry = find(topic, commands);
  if (entry !== undefined && topic.length === wordsOf(entry)) return manual(entry, await entry.load());
  const group = commands.filter(({ name }) => name.startsWith(`${topic.join(' ')} `));
  if (group.length === 0) throw await unknown(topic, commands);
  return overview(group);
}

const isHelp = (arg: string): boolean => arg === '--help' || arg === '-h';

/** Before a `--`, after which nothing is an option. */
const asksForHelp = (args: readonly string[]): boolean => {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).some(isHelp);
};

const wordsOf = ({ name }: CommandEntry): number => name.split(' ').length;

const find = (args: readonly string[], commands: readonly CommandEntry[]): CommandEntry | undefined =>
  commands.find((command) => args.slice(0, wordsOf(command)).join(' ') === command.name);

async function unknown(args: readonly string[], commands: readonly CommandEntry[]): Promise<UsageError> {
  const [first] = args as [string];
  if (first.startsWith('-')) return new UsageError(`there is no option ${first} before the command`);
  const names = commands.map(({ name }) => name.split(' '));
  const isGroup = names.some((words) => words.length > 1 && words[0] === first);
  const typed = isGroup ? args.slice(0, 2) : [first];
  const near = isGroup
    ? await nearest(
        typed[1]!,
        names.flatMap(([group, word = '']) => (group === first ? [word] : [])),
      )
    : await nearest(first, [...new Set(names.map(([word]) => word!))]);
  const meant = isGroup ? `${first} ${near}` : near;
  return new UsageError(
    `there is no command ${JSON.stringify(typed.join(' '))}${near === undefined ? '' : `; did you mean ${meant}?`}`,
  );
}

/** Errors that say what to do: of Breakwater's packages, and of the system (a file that is not there). */
function canBeMended(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as NodeJS.ErrnoException;
  return syscall !== undefined || /^ERR_(?:DELIVERY|BREAKWATER)_/.test(code ?? '');
}
