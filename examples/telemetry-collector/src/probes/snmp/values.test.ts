import { ObjectType, type Varbind } from 'net-snmp';
import { describe, expect, it } from 'vitest';
import { toCount, toNumber, toText } from './values.js';

const varbind = (type: ObjectType, value: Varbind['value']): Varbind => ({ oid: '1.3.6', type, value });

describe('toCount', () => {
  it.each([
    ['Counter32', varbind(ObjectType.Counter32, 4_294_967_295), 4_294_967_295n],
    ['Gauge32', varbind(ObjectType.Gauge32, 5), 5n],
    ['TimeTicks', varbind(ObjectType.TimeTicks, 7), 7n],
    ['INTEGER', varbind(ObjectType.Integer, 1), 1n],
    ['Counter64 of one byte', varbind(ObjectType.Counter64, Buffer.from('07', 'hex')), 7n],
    [
      'Counter64 with a leading zero',
      varbind(ObjectType.Counter64, Buffer.from('00ffffffffffffffff', 'hex')),
      2n ** 64n - 1n,
    ],
    ['Counter64 of no byte', varbind(ObjectType.Counter64, Buffer.alloc(0)), 0n],
    ['a negative INTEGER', varbind(ObjectType.Integer, -1), undefined],
    ['a text', varbind(ObjectType.OctetString, Buffer.from('7')), undefined],
    ['noSuchInstance', varbind(ObjectType.NoSuchInstance, null), undefined],
    ['nothing', undefined, undefined],
  ])('reads %s', (_what, from, expected) => {
    expect(toCount(from)).toBe(expected);
    if (expected !== undefined) expect(toNumber(from)).toBe(Number(expected));
  });
});

describe('toNumber', () => {
  it('reads numbers below zero', () => {
    expect(toNumber(varbind(ObjectType.Integer, -40))).toBe(-40);
  });

  it('is undefined for what is no number', () => {
    expect(toNumber(varbind(ObjectType.OctetString, Buffer.from('7')))).toBeUndefined();
    expect(toNumber(undefined)).toBeUndefined();
  });
});

describe('toText', () => {
  const text = (value: string) => toText(varbind(ObjectType.OctetString, Buffer.from(value)));

  it('is one line without what a terminal would obey', () => {
    expect(text('Intel(R)\r\n\u001b[31m Ethernet\0\0')).toBe('Intel(R) [31m Ethernet');
  });

  it('is bounded', () => {
    expect(text('x'.repeat(300))).toHaveLength(255);
  });

  it('writes bytes that are no text in hexadecimal digits', () => {
    expect(toText(varbind(ObjectType.OctetString, Buffer.from('00c0ffee', 'hex')))).toBe('00c0ffee');
  });

  it('reads addresses and object identifiers', () => {
    expect(toText(varbind(ObjectType.IpAddress, '192.0.2.1'))).toBe('192.0.2.1');
    expect(toText(varbind(ObjectType.OID, '1.3.6.1'))).toBe('1.3.6.1');
  });

  it('is undefined when there is nothing to read', () => {
    expect(text(' \0 ')).toBeUndefined();
    expect(toText(varbind(ObjectType.NoSuchObject, null))).toBeUndefined();
    expect(toText(varbind(ObjectType.Integer, 5))).toBeUndefined();
  });
});
