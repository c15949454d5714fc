import { ObjectType, type Varbind } from 'net-snmp';
import { describe, expect, it } from 'vitest';
import type { AgentTime } from './agent-time.js';
import { InterfaceWalk } from './interface-walk.js';
import type { Row } from './table-walk.js';
import { INTERFACE_TABLES } from './tables.js';

/** A row of a walk at this second, by the agent's clock and by ours. */
function row(second: number, cells: Record<number, readonly [ObjectType, Varbind['value']]>): Row<AgentTime> {
  const stamp = { ticks: second * 100, atMs: second * 1_000 };
  return new Map(
    Object.entries(cells).map(([column, [type, value]]) => [
      Number(column),
      { varbind: { oid: '', type, value }, stamp },
    ]),
  );
}
const text = (value: string) => [ObjectType.OctetString, Buffer.from(value)] as const;
const counter = (value: number) => [ObjectType.Counter32, value] as const;
const gauge = (value: number) => [ObjectType.Gauge32, value] as const;
const integer = (value: number) => [ObjectType.Integer, value] as const;

describe('InterfaceWalk', () => {
  const read = (walk: InterfaceWalk, ...rows: Array<Row<AgentTime>>) =>
    walk.read(new Map(rows.map((one, at) => [String(at + 1), one])));

  it('names states by their numbers, and one that it does not know "unknown"', () => {
    const readings = read(
      new InterfaceWalk(INTERFACE_TABLES.ifTable),
      ...[1, 2, 3, 4, 5, 6, 7, 8, 0, -1].map((state) => row(0, { 8: integer(state) })),
    );
    expect(readings.map(({ fields }) => fields['oper_status'])).toEqual([
      'up',
      'down',
      'testing',
      'unknown',
      'dormant',
      'notPresent',
      'lowerLayerDown',
      'unknown',
      'unknown',
      'unknown',
    ]);
  });

  it('leaves out the name that an interface does not have, and a row that has nothing', () => {
    const walk = new InterfaceWalk(INTERFACE_TABLES.ifTable);
    expect(read(walk, row(0, { 2: text(''), 8: integer(1) }), row(0, { 2: text('empty') }))).toEqual([
      { measurement: 'snmp_interface', tags: { interface_index: '1' }, fields: { oper_status: 'up' } },
    ]);
  });

  it.each([
    [0, undefined],
    [10_000_000, 10_000_000],
    [4_294_967_294, 4_294_967_294],
    [4_294_967_295, undefined],
  ])('takes the speed %d of ifTable for %s bits per second', (units, expected) => {
    const walk = new InterfaceWalk(INTERFACE_TABLES.ifTable);
    const [reading] = read(walk, row(0, { 5: gauge(units), 8: integer(1) }));
    expect(reading!.fields['speed_bits_per_second']).toBe(expected);
  });

  it('reads the speed of ifXTable in millions of bits', () => {
    const [reading] = read(new InterfaceWalk(INTERFACE_TABLES.ifXTable), row(0, { 15: gauge(400_000) }));
    expect(reading!.fields).toEqual({ speed_bits_per_second: 4e11 });
  });

  it('does not take a counter that was set back for one that wrapped, where the speed forbids it', () => {
    const walk = new InterfaceWalk(INTERFACE_TABLES.ifTable);
    const at = (second: number, octets: number, speed: number) =>
      read(walk, row(second, { 5: gauge(speed), 10: counter(octets) }))[0]!.fields;
    // 4.29e9 bytes in 10 s are 3.4 Gbit/s.
    at(0, 1_000_000, 1e9);
    expect(at(10, 5, 1e9)).not.toHaveProperty('in_bytes_per_second');
    at(20, 1_000_000, 0);
    // At an unknown speed it may have wrapped.
    expect(at(30, 5, 0)['in_bytes_per_second']).toBeCloseTo((2 ** 32 - 999_995) / 10);
  });

  it('gives no rate for an interface that was away during a walk', () => {
    const walk = new InterfaceWalk(INTERFACE_TABLES.ifTable);
    const eth0 = (second: number, octets: number) => row(second, { 2: text('eth0'), 10: counter(octets) });
    const lo = (second: number) => row(second, { 2: text('lo'), 10: counter(0) });
    read(walk, lo(0), eth0(0, 100));
    read(walk, lo(10));
    expect(read(walk, lo(20), eth0(20, 300))[1]!.fields).toEqual({ in_bytes_total: 300 });
    expect(read(walk, lo(30), eth0(30, 400))[1]!.fields).toEqual({ in_bytes_total: 400, in_bytes_per_second: 10 });
  });

  it('leaves out a counter that the agent does not have', () => {
    const missing = [ObjectType.NoSuchInstance, null] as const;
    const [reading] = read(new InterfaceWalk(INTERFACE_TABLES.ifTable), row(0, { 10: missing, 16: counter(1) }));
    expect(reading!.fields).toEqual({ out_bytes_total: 1 });
  });
});
