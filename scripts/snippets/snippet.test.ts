import { describe, expect, it } from 'vitest';
import { readSnippets } from './snippet.js';

const document = (...lines: string[]) => readSnippets('docs/a.md', lines.join('\n'));

describe('readSnippets', () => {
  it('takes the blocks whose fence says ts, and says where they are', () => {
    const found = document(
      '# A',
      '```ts',
      'const a = 1;',
      '',
      'const b = 2;',
      '```',
      'text',
      '```sh',
      'npm test',
      '```',
    );
    expect(found).toEqual([{ file: 'docs/a.md', line: 2, code: 'const a = 1;\n\nconst b = 2;', prints: [] }]);
  });

  it('reads what a block says it prints, in order', () => {
    const [snippet] = document('```ts', 'console.log(1); // → 1', 'console.log(', "  'two',", '); // → two ', '```');
    expect(snippet!.prints).toEqual(['1', 'two']);
  });

  it("takes an indented block without its list item's indent", () => {
    expect(document('- item', '  ```ts', '  if (a) {', '    b();', '  }', '  ```')[0]!.code).toBe(
      'if (a) {\n  b();\n}',
    );
  });

  it('does not end a block at a fence that opens another', () => {
    expect(document('```text', '```ts', 'no code', '```')).toEqual([]);
  });

  it('refuses a block without an end', () => {
    expect(() => document('', '```ts', 'const a = 1;')).toThrow('docs/a.md:2 a code block is never closed');
  });
});
