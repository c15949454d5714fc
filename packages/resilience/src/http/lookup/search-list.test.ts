import { describe, expect, it } from 'vitest';
import { namesToAsk } from './search-list.js';

const search = ['svc.test', 'test'];

describe('namesToAsk', () => {
  it('tries a name with fewer dots than ndots in the search list first, as it is last', () => {
    expect(namesToAsk('db', { search, ndots: 1 })).toEqual(['db.svc.test', 'db.test', 'db']);
    expect(namesToAsk('a.b', { search, ndots: 2 })).toEqual(['a.b.svc.test', 'a.b.test', 'a.b']);
  });

  it('tries a name with ndots dots as it is first', () => {
    expect(namesToAsk('a.b', { search, ndots: 1 })).toEqual(['a.b', 'a.b.svc.test', 'a.b.test']);
    expect(namesToAsk('db', { search, ndots: 0 })).toEqual(['db', 'db.svc.test', 'db.test']);
  });

  it('takes a name that ends in a dot as it is', () => {
    expect(namesToAsk('db.', { search, ndots: 5 })).toEqual(['db']);
    expect(namesToAsk('a.b.', { search, ndots: 1 })).toEqual(['a.b']);
  });

  it('asks for nothing twice, and for no name that is too long', () => {
    expect(namesToAsk('db', { search: ['', 'test', 'test'], ndots: 1 })).toEqual(['db', 'db.test']);
    const long = `${'a'.repeat(60)}.`.repeat(4).slice(0, -1);
    expect(namesToAsk(long, { search: ['much-too-long.test', 'short'], ndots: 1 })).toEqual([long, `${long}.short`]);
  });

  it('asks for the name alone where there is no search list', () => {
    expect(namesToAsk('db', { search: [], ndots: 1 })).toEqual(['db']);
  });
});
