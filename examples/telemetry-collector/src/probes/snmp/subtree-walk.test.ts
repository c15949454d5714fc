import { ObjectType, type Varbind } from 'net-snmp';
import { describe, expect, it } from 'vitest';
import { SubtreeWalk } from './subtree-walk.js';

describe('SubtreeWalk', () => {
  const read = (walk: SubtreeWalk, second: number, type: ObjectType, value: Varbind['value']) => {
    const stamp = { ticks: second * 100, atMs: second * 1_000 };
    return walk.read(new Map([['5.0', new Map([[25, { varbind: { oid: '', type, value }, stamp }]])]]));
  };

  it('walks the one column that an oid is', () => {
    const walk = new SubtreeWalk('1.3.6.1.2.1.25');
    expect(walk).toMatchObject({ entry: '1.3.6.1.2.1', columns: [25] });
  });

  it.each<[string, ObjectType, Varbind['value'], object]>([
    ['a negative number', ObjectType.Integer, -40, { value: -40 }],
    ['a gauge', ObjectType.Gauge32, 7, { value: 7 }],
    ['a time', ObjectType.TimeTicks, 100, { value: 100 }],
    ['a text', ObjectType.OctetString, Buffer.from('core-sw1'), { text: 'core-sw1' }],
    ['bytes', ObjectType.OctetString, Buffer.from([0xff, 1]), { text: 'ff01' }],
    ['an address', ObjectType.IpAddress, '192.0.2.1', { text: '192.0.2.1' }],
  ])('reads %s', (_what, type, value, fields) => {
    const walk = new SubtreeWalk('1.3.6.1.2.1.25');
    const expected = [{ measurement: 'snmp_value', tags: { oid: '1.3.6.1.2.1.25.5.0' }, fields }];
    expect(read(walk, 0, type, value)).toEqual(expected);
    expect(read(walk, 10, type, value)).toEqual(expected);
  });

  it('leaves out what has no value', () => {
    expect(read(new SubtreeWalk('1.3.6.1.2.1.25'), 0, ObjectType.Null, null)).toEqual([]);
  });

  it('gives the rate of a counter, and none across a restart', () => {
    const walk = new SubtreeWalk('1.3.6.1.2.1.25');
    const fields = (second: number, value: number) => read(walk, second, ObjectType.Counter32, value)[0]!.fields;
    expect(fields(0, 100)).toEqual({ value: 100 });
    expect(fields(10, 150)).toEqual({ value: 150, per_second: 5 });
    expect(fields(5, 170)).toEqual({ value: 170 });
  });
});
