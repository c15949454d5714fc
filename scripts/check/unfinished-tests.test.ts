import { describe, expect, it } from 'vitest';
import { repositoryOf } from './repository.suite.js';
import { checkUnfinishedTests } from './unfinished-tests.js';

const check = (text: string, file = 'packages/a/src/a.test.ts') => checkUnfinishedTests(repositoryOf({ [file]: text }));

describe('checkUnfinishedTests', () => {
  it.each([
    "it.skip('a', () => {});",
    "describe.only('a', () => {});",
    "test.todo('a');",
    "it.skipIf(process.platform === 'win32')('a', () => {});",
    "describe.runIf(true)('a', () => {});",
    "it.concurrent.skip('a', () => {});",
    "it.fails('a', () => {});",
  ])('refuses %s', (text) => {
    expect(check(`\n${text}`)).toMatchObject([{ file: 'packages/a/src/a.test.ts', line: 2 }]);
  });

  it.each([
    "it('a', () => {});",
    "it.each([1])('%s', () => {});",
    'reader.skip(3);',
    "const text = 'it.skip()'; // it.only",
  ])('allows %s', (text) => {
    expect(check(text)).toEqual([]);
  });

  it('looks at tests only', () => {
    expect(check("it.skip('a', () => {});", 'packages/a/src/a.ts')).toEqual([]);
  });
});
