import type { FieldValue, Reading } from '../probe.js';
import type { AgentTime } from './agent-time.js';
import { rateBetween, type Seen } from './seen.js';
import type { Cell, Row, WalkReader } from './table-walk.js';
import { type CounterColumn, columnsOf, type InterfaceTable } from './tables.js';
import { toCount, toNumber, toText } from './values.js';

interface SeenRow {
  readonly discontinuity: number | undefined;
  readonly counters: ReadonlyMap<number, Seen>;
}

/** Makes readings of an interface table, walk after walk: states, totals, and rates since the walk before. */
export class InterfaceWalk implements WalkReader {
  readonly entry: string;
  readonly columns: readonly number[];
  readonly #table: InterfaceTable;
  #before: ReadonlyMap<string, SeenRow> = new Map();

  constructor(table: InterfaceTable) {
    this.entry = table.entry;
    this.columns = columnsOf(table);
    this.#table = table;
  }

  /** Takes a complete walk. A row without a single value is left out. */
  read(rows: ReadonlyMap<string, Row<AgentTime>>): Reading[] {
    const seen = new Map<string, SeenRow>();
    const readings: Reading[] = [];
    for (const [index, row] of rows) {
      const name = toText(this.#cell(row, this.#table.nameColumn));
      // An index that now stands for another interface is another row, and has no rate yet.
      const key = `${index} ${name ?? ''}`;
      const now = this.#look(row);
      seen.set(key, now);
      const fields = { ...this.#states(row), ...this.#counters(row, this.#before.get(key), now) };
      if (Object.keys(fields).length === 0) continue;
      const tags = { interface_index: index, ...(name !== undefined && { interface: name }) };
      readings.push({ measurement: this.#table.measurement, tags, fields });
    }
    this.#before = seen;
    return readings;
  }

  #cell(row: Row<AgentTime>, column: number): Cell<AgentTime>['varbind'] | undefined {
    return row.get(column)?.varbind;
  }

  #look(row: Row<AgentTime>): SeenRow {
    const { counters, discontinuityColumn } = this.#table;
    const seen = new Map<number, Seen>();
    for (const { column } of counters) {
      const cell = row.get(column);
      const value = toCount(cell?.varbind);
      if (cell !== undefined && value !== undefined) seen.set(column, { time: cell.stamp, value });
    }
    const discontinuity =
      discontinuityColumn === undefined ? undefined : toNumber(this.#cell(row, discontinuityColumn));
    return { discontinuity, counters: seen };
  }

  #states(row: Row<AgentTime>): Record<string, FieldValue> {
    const fields: Record<string, FieldValue> = {};
    for (const [field, { column, names }] of Object.entries(this.#table.states)) {
      const state = toNumber(this.#cell(row, column));
      if (state !== undefined) fields[field] = names[state - 1] ?? 'unknown';
    }
    for (const [field, column] of Object.entries(this.#table.texts)) {
      const text = toText(this.#cell(row, column));
      if (text !== undefined) fields[field] = text;
    }
    const speed = this.#speed(row);
    if (speed !== undefined) fields['speed_bits_per_second'] = speed;
    return fields;
  }

  /** In bits per second; undefined where it is unknown or beyond what the column holds. */
  #speed(row: Row<AgentTime>): number | undefined {
    const { column, bitsPerUnit, unknownFrom } = this.#table.speed;
    const units = toNumber(this.#cell(row, column));
    return units === undefined || units === 0 || units >= unknownFrom ? undefined : units * bitsPerUnit;
  }

  #counters(row: Row<AgentTime>, before: SeenRow | undefined, now: SeenRow): Record<string, number> {
    const speed = this.#speed(row);
    // Nothing that is counted is smaller than a byte.
    const maxPerSecond = speed === undefined ? undefined : speed / 8;
    const steady = before !== undefined && before.discontinuity === now.discontinuity;
    const fields: Record<string, number> = {};
    for (const { column, field } of this.#table.counters as readonly CounterColumn[]) {
      const seen = now.counters.get(column);
      if (seen === undefined) continue;
      // As a float: a Counter64 can be more than a signed integer of 64 bits holds.
      fields[`${field}_total`] = Number(seen.value);
      const earlier = steady ? before.counters.get(column) : undefined;
      const rate =
        earlier === undefined ? undefined : rateBetween(earlier, seen, { bits: this.#table.bits, maxPerSecond });
      if (rate !== undefined) fields[`${field}_per_second`] = rate;
    }
    return fields;
  }
}
