import { describe, expect, it } from 'vitest';
import { canonicalName, isLocalhost, literalAddress } from './host-name.js';

describe('literalAddress', () => {
  it('knows IP addresses, with brackets and without', () => {
    expect(literalAddress('10.0.0.1')).toEqual({ address: '10.0.0.1', family: 4 });
    expect(literalAddress('::1')).toEqual({ address: '::1', family: 6 });
    expect(literalAddress('[2001:db8::1]')).toEqual({ address: '2001:db8::1', family: 6 });
    expect(literalAddress('fe80::1%eth0')).toEqual({ address: 'fe80::1%eth0', family: 6 });
  });

  it('leaves everything else to a look-up', () => {
    for (const name of ['a.test', '10.0.0', '[::1', '::1]', '', '[]']) expect(literalAddress(name)).toBeUndefined();
  });
});

describe('canonicalName', () => {
  it('writes names in lower case and in Punycode, and keeps the dot at the end', () => {
    expect(canonicalName('DB-1.Example')).toBe('db-1.example');
    expect(canonicalName('bücher.example')).toBe('xn--bcher-kva.example');
    expect(canonicalName('a.test.')).toBe('a.test.');
    expect(canonicalName('_dns._udp.a_b')).toBe('_dns._udp.a_b');
  });

  const label = 'a'.repeat(63);
  const long = `${label}.${label}.${label}.${label.slice(2)}`;

  it('takes labels of 63 and names of 253 characters, and none that are longer', () => {
    expect(long).toHaveLength(253);
    expect(canonicalName(long)).toBe(long);
    expect(canonicalName(`${long}.`)).toBe(`${long}.`);
    expect(canonicalName(`${long}a`)).toBeUndefined();
    expect(canonicalName(`${label}a.test`)).toBeUndefined();
    expect(canonicalName('a'.repeat(1_000_000))).toBeUndefined();
  });

  it.each(['', '.', 'a..b', '.a', 'a b', 'a\n', 'a/b', 'a:1', 'a\0', 'xn--a.ü\u200f b'])('refuses %j', (name) => {
    expect(canonicalName(name)).toBeUndefined();
  });
});

describe('isLocalhost', () => {
  it('is localhost and what is below it, nothing that only looks like it', () => {
    for (const name of ['localhost', 'a.localhost', 'a.b.localhost']) expect(isLocalhost(name)).toBe(true);
    for (const name of ['notlocalhost', 'localhost.test', 'localhostx', 'a.localhost.test'])
      expect(isLocalhost(name)).toBe(false);
  });
});
