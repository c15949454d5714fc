import { ConfigError } from '@breakwater/resilience';
import { describe, expect, it } from 'vitest';
import { readArguments } from './arguments.js';

describe('the command line', () => {
  it('may be empty', () => {
    expect(readArguments([])).toEqual({ forMs: undefined, plain: false, help: false, version: false });
  });

  it('says how long to run, and how to show it', () => {
    expect(readArguments(['--for', '20s', '--plain'])).toMatchObject({ forMs: 20_000, plain: true });
    expect(readArguments(['--for=1.5m'])).toMatchObject({ forMs: 90_000 });
    expect(readArguments(['-h'])).toMatchObject({ help: true });
    expect(readArguments(['-v'])).toMatchObject({ version: true });
  });

  it.each([
    [['--unknown'], "Unknown option '--unknown'; --help names the options"],
    [['--for'], "Option '--for <value>' argument missing; --help names the options"],
    [['targets.yaml'], "Unexpected argument 'targets.yaml'"],
    [['--plain=yes'], "Option '--plain' does not take an argument"],
    [['--for', '20'], '--for "20" is no duration; write a number and a unit'],
    [['--for', '10ms'], '--for "10ms" is out of range; 1s to 720h is allowed'],
  ])('%j is refused, with a word on what is wrong', (args, message) => {
    expect(() => readArguments(args)).toThrow(ConfigError);
    expect(() => readArguments(args)).toThrow(message);
  });
});
