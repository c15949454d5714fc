import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commands } from './commands.js';
import { breakwater } from './io.suite.js';

describe('breakwater', () => {
  it('prints its version', async () => {
    expect(await breakwater('--version')).toEqual({ code: 0, printed: '1.2.3\n', said: '' });
  });

  it('is started by a file that is there before anything is built: npm links it then', () => {
    const manifest = new URL('../package.json', import.meta.url);
    const { bin, files } = JSON.parse(readFileSync(manifest, 'utf8'));
    expect(bin.breakwater).not.toMatch(/^(\.\/)?dist\//);
    expect(files).toContain('bin');
    expect(readFileSync(new URL(bin.breakwater, manifest), 'utf8')).toMatch(
      /^#!\/usr\/bin\/env node\nimport '\.\.\/dist\/main\.js';\n$/,
    );
  });

  it('lists its commands, and exits with 2 when it was told nothing', async () => {
    const { printed } = await breakwater('--help');
    for (const { name, summary } of commands) expect(printed).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'));
    expect(await breakwater()).toEqual({ code: 2, printed, said: '' });
    expect(await breakwater('help')).toEqual({ code: 0, printed, said: '' });
    expect(await breakwater('-h')).toEqual({ code: 0, printed, said: '' });
  });

  it('lists the commands of a group', async () => {
    const { code, printed } = await breakwater('spool', '--help');
    expect(code).toBe(0);
    expect(printed).toContain('  spool verify ');
    expect(printed).not.toContain('reconcile');
    expect(await breakwater('help', 'spool')).toEqual({ code, printed, said: '' });
    expect(await breakwater('spool')).toEqual({ code: 2, printed, said: '' });
  });

  it.each(commands.map((command) => [command.name, command] as const))('explains %s', async (name, command) => {
    const { code, printed } = await breakwater('help', ...name.split(' '));
    expect(code).toBe(0);
    expect(printed).toContain(`Usage: breakwater ${name}`);
    const { options } = await command.load();
    for (const option of Object.keys(options)) expect(printed).toMatch(new RegExp(`^  --${option}\\b`, 'm'));
    expect(await breakwater(...name.split(' '), '--nonsense', '--help')).toEqual({ code, printed, said: '' });
    for (const line of printed.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
  });

  it('aligns the help of a command', async () => {
    const { printed } = await breakwater('help', 'spool', 'verify');
    expect(printed.split('\n').slice(0, 8)).toEqual([
      'Read every file of a spool folder, and name each damage and what it cost.',
      '',
      'Usage: breakwater spool verify --dir SPOOL_DIR [options]',
      '',
      '  --dir SPOOL_DIR  the folder that holds slot-1, slot-2, …',
      '  --json           print JSON',
      '  --help           show this',
      '',
    ]);
  });
});

describe('a command line that is wrong', () => {
  const wrong: ReadonlyArray<readonly [line: string, words: string]> = [
    ['spol ls', 'there is no command "spol"; did you mean spool?\nSee: breakwater help'],
    ['spool verfiy', 'there is no command "spool verfiy"; did you mean spool verify?\nSee: breakwater help'],
    ['spool xyz', 'there is no command "spool xyz"\nSee: breakwater help'],
    ['help recncile', 'there is no command "recncile"; did you mean reconcile?\nSee: breakwater help'],
    ['--verbose', 'there is no option --verbose before the command\nSee: breakwater help'],
    ['spool ls', '--dir is missing: --dir SPOOL_DIR\nSee: breakwater help spool ls'],
    ['spool ls --dri x', 'there is no option --dri; did you mean --dir?\nSee: breakwater help spool ls'],
    ['spool ls -q', 'there is no option -q\nSee: breakwater help spool ls'],
    ['spool ls --dir', '--dir needs a value: --dir SPOOL_DIR\nSee: breakwater help spool ls'],
    ['spool ls --dir=', '--dir needs a value: --dir SPOOL_DIR\nSee: breakwater help spool ls'],
    ['spool ls --dir --json', '--dir needs a value: --dir SPOOL_DIR\nSee: breakwater help spool ls'],
    ['spool ls --dir a --dir b', '--dir is given 2 times, and can have one value\nSee: breakwater help spool ls'],
    ['spool ls --json=yes --dir a', '--json takes no value, and was given "yes"\nSee: breakwater help spool ls'],
    ['spool ls --dir a b', '"b" is one word too many\nSee: breakwater help spool ls'],
    ['spool replay --to http://a', 'FILE is missing\nSee: breakwater help spool replay'],
    [
      'spool cat --dir a --from -1',
      '--from is "-1"; it must be a whole number from 0 on\nSee: breakwater help spool cat',
    ],
    [
      'spool cat --dir a --limit 1.5',
      '--limit is "1.5"; it must be a whole number from 0 on\nSee: breakwater help spool cat',
    ],
    [
      'spool cat --dir a --pending',
      '--pending needs --lane: each lane owes something else\nSee: breakwater help spool cat',
    ],
    [
      'spool release --dir a --slot 1 --lane http://b:8086',
      'what slot-1 owes to http://b:8086 would be given up for good; say --yes to do it\nSee: breakwater help spool release',
    ],
    [
      'reconcile --from http://a --to ftp://b --db x',
      '--to must be an http or https URL, such as http://influx-a:8086\nSee: breakwater help reconcile',
    ],
    [
      'reconcile --from http://a --to http://b --db x --window 1ms',
      'those are 86,400,000 windows, and can be 1,000,000; choose a longer --window\nSee: breakwater help reconcile',
    ],
    [
      'reconcile --to http://b --db x',
      '--from is missing: --from URL, or --from-log SPOOL_DIR\nSee: breakwater help reconcile',
    ],
    [
      'reconcile --from-log spool --to http://b --db x --both',
      '--both, --counts and --window compare two servers, and mean nothing with --from-log\nSee: breakwater help reconcile',
    ],
    ['reconcile --from http://a --to http://b --db x --both', '--both needs --apply\nSee: breakwater help reconcile'],
    [
      'reconcile --from http://a --to http://b --db x --start yesterday',
      '--start is "yesterday"; it must be an instant (2026-01-31T12:00:00Z) or a duration ago (24h)\nSee: breakwater help reconcile',
    ],
    [
      'reconcile --from http://a --to http://b --db x --window 0h',
      '--window is "0h"; it must be a duration: 90s, 15m, 1h, 7d\nSee: breakwater help reconcile',
    ],
    [
      'reconcile --from http://a --to http://b --db x --end 25h',
      '--start is not before --end\nSee: breakwater help reconcile',
    ],
  ];

  it.each(wrong)('%s', async (line, words) => {
    expect(await breakwater(...line.split(' '))).toEqual({ code: 2, printed: '', said: `breakwater: ${words}\n` });
  });

  it('never repeats a password', async () => {
    const { code, said } = await breakwater(
      'reconcile',
      '--from',
      'http://u:hunter2@a',
      '--to',
      'http://b',
      '--db',
      'x',
    );
    expect(code).toBe(2);
    expect(said).not.toContain('hunter2');
  });
});

describe('what fails', () => {
  it('is said in words, with exit code 1', async () => {
    expect(await breakwater('spool', 'ls', '--dir', '/nowhere/at/all')).toEqual({
      code: 1,
      printed: '',
      said: 'breakwater: cannot read the spool folder /nowhere/at/all: ENOENT\n',
    });
  });
});
