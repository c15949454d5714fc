import { describe, expect, it } from 'vitest';
import { YamlSource } from './yaml-source.js';

const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]', ...'bcdefgh'].map((name, at, all) =>
  at === 0
    ? name
    : `${name}: &${name} [${Array(9)
        .fill(`*${all[at - 1]![0]}`)
        .join(', ')}]`,
);

describe('aliases', () => {
  it('are followed', () => {
    const { documents, problems } = new YamlSource('a.yml', 'a: &a { b: 1 }\nc: *a\nd: *a\n');
    expect(problems).toEqual([]);
    expect(documents[0]?.at(['d', 'b'])).toBe(1);
  });

  it.each([
    ['of nothing', 'groups: *nope\n', /nope/],
    ['of what they stand in', 'a: &a\n  b: [*a]\n', /what it stands in/],
    ['that grow beyond memory', bomb.join('\n'), /alias count/],
  ])('are a problem of the file where they are %s', (_, text, message) => {
    const { documents, problems } = new YamlSource('a.yml', text);
    expect(documents).toEqual([]);
    expect(problems).toEqual([expect.objectContaining({ file: 'a.yml', message: expect.stringMatching(message) })]);
  });
});
