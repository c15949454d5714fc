import type { Command, CommandEntry, OptionSpec } from './command.js';

const HELP_OPTION: OptionSpec = { help: 'show this' };

/** What `breakwater --help` prints. */
export function overview(commands: readonly CommandEntry[]): string {
  return [
    'Renders a stack from one file, checks that it fits, looks into what Breakwater keeps, and puts it right.',
    '',
    'Usage: breakwater <command> [options]',
    '',
    ...aligned(commands.map(({ name, summary }) => [name, summary])),
    '',
    'breakwater help <command> says more. --version prints the version.',
    'Exit code: 0 fine; 1 damage, differences, or a failure; 2 the command line is wrong.',
    '',
  ].join('\n');
}

/** What `breakwater help <command>` prints. */
export function manual({ name, summary }: CommandEntry, { operands, options, notes }: Command): string {
  const entries = Object.entries(options);
  const required = entries.filter(([, { required }]) => required).map(([option, spec]) => usageOf(option, spec));
  const usage = ['breakwater', name, ...operands, ...required, '[options]'].join(' ');
  const rows = [...entries, ['help', HELP_OPTION] as const].map(([option, spec]) => [usageOf(option, spec), spec.help]);
  const end = notes === undefined ? [] : ['', notes];
  return [`${summary}.`, '', `Usage: ${usage}`, '', ...aligned(rows), ...end, ''].join('\n');
}

const usageOf = (name: string, { value, multiple }: OptionSpec): string =>
  value === undefined ? `--${name}` : `--${name} ${value}${multiple ? ' …' : ''}`;

function aligned(rows: ReadonlyArray<readonly string[]>): string[] {
  const width = Math.max(...rows.map(([first]) => first!.length));
  const indent = ' '.repeat(width + 4);
  return rows.map(([first, second]) => `  ${first!.padEnd(width)}  ${second!.replaceAll('\n', `\n${indent}`)}`);
}
