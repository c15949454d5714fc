import { ObjectType, type Varbind } from 'net-snmp';
import { ProbeError, type Reading } from '../probe.js';
import type { AgentTime } from './agent-time.js';

/** What one cell held, and in which answer it came. */
export interface Cell<Stamp> {
  readonly varbind: Varbind;
  readonly stamp: Stamp;
}

/** The cells of a row by column. */
export type Row<Stamp> = ReadonlyMap<number, Cell<Stamp>>;

/** Says what to walk, and makes readings of what was found, walk after walk. */
export interface WalkReader {
  /** Columns are one below this oid, rows two or more. */
  readonly entry: string;
  readonly columns: readonly number[];
  /** Takes a complete walk. */
  read(rows: ReadonlyMap<string, Row<AgentTime>>): Reading[];
}

interface Column {
  readonly column: number;
  readonly prefix: string;
  /** The row up to which the column is read; empty at first. */
  index: string;
  cells: number;
}

/**
 * Walks some columns of a table side by side with GetBulk: it says which oids to ask for and takes the answers, which may
 * be cut short anywhere. Every answer must lead on, so that an agent that runs in circles ends the walk, not the collector.
 */
export class TableWalk<Stamp> {
  readonly #host: string;
  readonly #maxRows: number;
  readonly #rows = new Map<string, Map<number, Cell<Stamp>>>();
  #open: Column[];

  constructor(host: string, entry: string, columns: readonly number[], maxRows: number) {
    this.#host = host;
    this.#maxRows = maxRows;
    this.#open = columns.map((column) => ({ column, prefix: `${entry}.${column}`, index: '', cells: 0 }));
  }

  get done(): boolean {
    return this.#open.length === 0;
  }

  /** By index, in the order in which they came. */
  get rows(): ReadonlyMap<string, Row<Stamp>> {
    return this.#rows;
  }

  /** What to ask for next: the columns that lag behind stand first, where a short answer does not cut them off. */
  next(): string[] {
    this.#open.sort((one, other) => one.cells - other.cells);
    return this.#open.map(({ prefix, index }) => (index === '' ? prefix : `${prefix}.${index}`));
  }

  /** Takes the answer to `next()`: for each oid what follows it. */
  take(answers: ReadonlyArray<readonly Varbind[] | undefined>, stamp: Stamp): void {
    let advanced = false;
    const finished = new Set<Column>();
    for (const [at, column] of this.#open.entries()) {
      for (const varbind of answers[at] ?? []) {
        advanced = true;
        if (this.#follow(column, varbind, stamp)) continue;
        finished.add(column);
        break;
      }
    }
    if (!advanced) throw this.#malformed('an answer without the rows that were asked for');
    this.#open = this.#open.filter((column) => !finished.has(column));
  }

  /** Takes one cell; false when it lies beyond the column. */
  #follow(column: Column, varbind: Varbind, stamp: Stamp): boolean {
    if (varbind.type === ObjectType.EndOfMibView || !varbind.oid.startsWith(`${column.prefix}.`)) return false;
    const index = varbind.oid.slice(column.prefix.length + 1);
    if (compareIndexes(index, column.index) <= 0) throw this.#malformed(`oids that do not grow (${varbind.oid})`);
    column.index = index;
    column.cells++;
    this.#row(index).set(column.column, { varbind, stamp });
    return true;
  }

  #row(index: string): Map<number, Cell<Stamp>> {
    const known = this.#rows.get(index);
    if (known !== undefined) return known;
    if (this.#rows.size === this.#maxRows) {
      const message = `${this.#host}: a table has more than ${this.#maxRows} rows; walk less of it`;
      throw new ProbeError('too-large', message);
    }
    const row = new Map<number, Cell<Stamp>>();
    this.#rows.set(index, row);
    return row;
  }

  #malformed(what: string): ProbeError {
    return new ProbeError('malformed', `${this.#host}: its SNMP agent gives ${what}; it needs an update`);
  }
}

/** Below 0 when `one` comes before `other`; the empty index comes before all. */
export function compareIndexes(one: string, other: string): number {
  if (other === '') return one === '' ? 0 : 1;
  const [left, right] = [one.split('.'), other.split('.')];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const difference = Number(left[at]) - Number(right[at]);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
