import type { SNMP_TABLES } from '../../targets/target.js';

/** A counter column, and what its fields are called: `<field>_total` and `<field>_per_second`. */
export interface CounterColumn {
  readonly column: number;
  readonly field: string;
}

/** Which columns of an interface table are read, and what they mean (IF-MIB, RFC 2863). */
export interface InterfaceTable {
  readonly measurement: string;
  /** The oid of an entry: columns are one below it, rows two. */
  readonly entry: string;
  readonly bits: 32 | 64;
  /** The name of the interface: with its index the identity of a row, because indexes are given anew. */
  readonly nameColumn: number;
  readonly speed: { readonly column: number; readonly bitsPerUnit: number; readonly unknownFrom: number };
  readonly counters: readonly CounterColumn[];
  /** Columns whose numbers have names, by field. */
  readonly states: Readonly<Record<string, { readonly column: number; readonly names: readonly string[] }>>;
  readonly texts: Readonly<Record<string, number>>;
  /** sysUpTime when counters were last set anew, where the table tells. */
  readonly discontinuityColumn?: number;
}

const STATUS = ['up', 'down', 'testing', 'unknown', 'dormant', 'notPresent', 'lowerLayerDown'];

export const INTERFACE_TABLES = {
  ifTable: {
    measurement: 'snmp_interface',
    entry: '1.3.6.1.2.1.2.2.1',
    bits: 32,
    nameColumn: 2,
    // ifSpeed stops at its largest value; what is faster stands in ifHighSpeed.
    speed: { column: 5, bitsPerUnit: 1, unknownFrom: 2 ** 32 - 1 },
    counters: [
      { column: 10, field: 'in_bytes' },
      { column: 11, field: 'in_unicast_packets' },
      { column: 13, field: 'in_discards' },
      { column: 14, field: 'in_errors' },
      { column: 16, field: 'out_bytes' },
      { column: 17, field: 'out_unicast_packets' },
      { column: 19, field: 'out_discards' },
      { column: 20, field: 'out_errors' },
    ],
    states: {
      admin_status: { column: 7, names: STATUS.slice(0, 3) },
      oper_status: { column: 8, names: STATUS },
    },
    texts: {},
  },
  ifXTable: {
    measurement: 'snmp_interface_hc',
    entry: '1.3.6.1.2.1.31.1.1.1',
    bits: 64,
    nameColumn: 1,
    speed: { column: 15, bitsPerUnit: 1e6, unknownFrom: Number.POSITIVE_INFINITY },
    counters: [
      { column: 6, field: 'in_bytes' },
      { column: 7, field: 'in_unicast_packets' },
      { column: 8, field: 'in_multicast_packets' },
      { column: 9, field: 'in_broadcast_packets' },
      { column: 10, field: 'out_bytes' },
      { column: 11, field: 'out_unicast_packets' },
      { column: 12, field: 'out_multicast_packets' },
      { column: 13, field: 'out_broadcast_packets' },
    ],
    states: {},
    texts: { alias: 18 },
    discontinuityColumn: 19,
  },
} as const satisfies Record<TableName, InterfaceTable>;

type TableName = (typeof SNMP_TABLES)[number];
export const isTableName = (name: string): name is TableName => Object.hasOwn(INTERFACE_TABLES, name);

/** Every column that is read of a table. */
export function columnsOf(table: InterfaceTable): number[] {
  const states = Object.values(table.states).map(({ column }) => column);
  const counters = table.counters.map(({ column }) => column);
  const discontinuity = table.discontinuityColumn === undefined ? [] : [table.discontinuityColumn];
  return [
    table.nameColumn,
    ...states,
    table.speed.column,
    ...Object.values(table.texts),
    ...discontinuity,
    ...counters,
  ];
}
