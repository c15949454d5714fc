import { describe, expect, it } from 'vitest';
import { parseHosts } from './hosts-file.js';

const v4 = (address: string) => ({ address, family: 4 });
const v6 = (address: string) => ({ address, family: 6 });

describe('parseHosts', () => {
  it('gives every name of a line the address of the line', () => {
    const hosts = parseHosts('127.0.0.1 localhost\n10.1.2.3\tdb.example  db\tpg\n');
    expect(hosts.get('localhost')).toEqual([v4('127.0.0.1')]);
    for (const name of ['db.example', 'db', 'pg']) expect(hosts.get(name)).toEqual([v4('10.1.2.3')]);
    expect(hosts.size).toBe(4);
  });

  it('puts the addresses of one name together in the order of the file, each once', () => {
    const hosts = parseHosts('10.0.0.2 a\n::1 a\n10.0.0.1 a\n10.0.0.2 a b');
    expect(hosts.get('a')).toEqual([v4('10.0.0.2'), v6('::1'), v4('10.0.0.1')]);
    expect(hosts.get('b')).toEqual([v4('10.0.0.2')]);
  });

  it('takes names without regard to case', () => {
    expect(parseHosts('10.0.0.1 DB.Example').get('db.example')).toEqual([v4('10.0.0.1')]);
  });

  it('leaves out comments, blank lines, lines without an address, and carriage returns', () => {
    const hosts = parseHosts(
      '# 10.0.0.1 a\r\n\n  \t\n10.0.0.2 b # c\r\nnonsense d\n10.0.0 e\n10.0.0.3\n   10.0.0.4 f\r\n',
    );
    expect([...hosts.keys()]).toEqual(['b', 'f']);
  });

  it('keeps the zone of a link-local address', () => {
    expect(parseHosts('fe80::1%eth0 router').get('router')).toEqual([v6('fe80::1%eth0')]);
  });

  it('is not confused by names that every object has', () => {
    expect(parseHosts('').get('constructor')).toBeUndefined();
    expect(parseHosts('10.0.0.1 __proto__').get('__proto__')).toEqual([v4('10.0.0.1')]);
  });
});
