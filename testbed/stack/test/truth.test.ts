import { describe, expect, it } from 'vitest';
import { unfiltered } from './expressions.suite.js';
import { expressions, keyOf, rangeOf, truths } from './truth.suite.js';

describe('the table of truths', () => {
  it('has one entry for every expression of every rule and dashboard, and no other', { timeout: 60_000 }, () => {
    const entries = truths().map(keyOf);
    expect(entries.filter((key, index) => entries.indexOf(key) !== index)).toEqual([]);
    const known = expressions();
    expect(known.size).toBeGreaterThan(0);
    expect({
      without: [...known.keys()].filter((key) => !entries.includes(key)),
      stale: entries.filter((key) => !known.has(key)),
    }).toEqual({ without: [], stale: [] });
  });

  it('says what an expression watches that filters, and why there is nothing, or an alert fires', () => {
    const known = expressions();
    const wrong = truths().filter(({ why, watches, series, ...entry }) => {
      const { query = '', isAlert = false } = known.get(keyOf(entry)) ?? {};
      const filters = unfiltered(query) !== query;
      const isPlain = (watches ?? series) !== 0 && series !== 'any' && !(isAlert && series !== 0);
      return filters !== (watches !== undefined) || (!isPlain && why === undefined);
    });
    expect(wrong).toEqual([]);
  });
});

describe('a count', () => {
  it('is a number, a product or a sum of words, or open', () => {
    const words = { collectors: 3, backends: 2 };
    expect(rangeOf(4, words)).toEqual([4, 4]);
    expect(rangeOf('collectors x 4 + backends', words)).toEqual([14, 14]);
    expect(rangeOf('some', words)).toEqual([1, Number.POSITIVE_INFINITY]);
    expect(() => rangeOf('collector', words)).toThrow('is no count');
  });
});

describe('an expression without filters', () => {
  it('keeps its matchers and strings', () => {
    expect(unfiltered('a{b!="=="} == 1 and c >= bool 2 or label_replace(d < 3, "e", ">", "f", "g")')).toBe(
      'a{b!="=="} == bool 1 and c >= bool 2 or label_replace(d < bool 3, "e", ">", "f", "g")',
    );
  });
});
