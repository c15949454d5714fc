import type { Varbind } from 'net-snmp';
import type { FieldValue, Reading } from '../probe.js';
import type { AgentTime } from './agent-time.js';
import { rateBetween, type Seen } from './seen.js';
import type { Row, WalkReader } from './table-walk.js';
import { counterBits, toCount, toNumber, toText } from './values.js';

/** Any part of a MIB, without knowing what it means: a reading for each value, and the rate of each counter. */
export class SubtreeWalk implements WalkReader {
  readonly entry: string;
  readonly columns: readonly number[];
  readonly #oid: string;
  #before: ReadonlyMap<string, Seen> = new Map();

  /** `oid` in dots and digits, of two arcs or more. */
  constructor(oid: string) {
    const cut = oid.lastIndexOf('.');
    this.#oid = oid;
    this.entry = oid.slice(0, cut);
    this.columns = [Number(oid.slice(cut + 1))];
  }

  read(rows: ReadonlyMap<string, Row<AgentTime>>): Reading[] {
    const seen = new Map<string, Seen>();
    const readings: Reading[] = [];
    for (const [index, row] of rows) {
      for (const { varbind, stamp } of row.values()) {
        const value = toCount(varbind);
        if (value !== undefined) seen.set(index, { time: stamp, value });
        const fields = this.#fields(varbind, this.#before.get(index), seen.get(index));
        if (Object.keys(fields).length === 0) continue;
        readings.push({ measurement: 'snmp_value', tags: { oid: `${this.#oid}.${index}` }, fields });
      }
    }
    this.#before = seen;
    return readings;
  }

  /** Numbers and texts are different fields: a field has one type in a database. */
  #fields(varbind: Varbind, before: Seen | undefined, now: Seen | undefined): Record<string, FieldValue> {
    const value = toNumber(varbind);
    if (value === undefined) {
      const text = toText(varbind);
      return text === undefined ? {} : { text };
    }
    const bits = counterBits(varbind);
    if (bits === undefined || before === undefined || now === undefined) return { value };
    const rate = rateBetween(before, now, { bits });
    return rate === undefined ? { value } : { value, per_second: rate };
  }
}
