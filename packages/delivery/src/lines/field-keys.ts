import { latin1 } from './bytes.js';
import { equalBytes, isTime, type KeyFault } from './tag-keys.js';

export type FieldType = 'string' | 'float' | 'integer' | 'boolean';

const FEW = 16;

/** The bytes that a backslash in a field key is taken away from. */
const ESCAPED = /\\([,"= ])/g;

/** The field keys of one line, with the types of their values. */
export class FieldKeys {
  readonly #body: Uint8Array;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #types: FieldType[] = [];
  #count = 0;
  #mixed = false;

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  clear(): void {
    this.#count = 0;
    this.#mixed = false;
  }

  add(start: number, end: number, type: FieldType): void {
    if (this.#count > 0 && this.#types[0] !== type) this.#mixed = true;
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = end;
    this.#types[this.#count] = type;
    this.#count++;
  }

  fault(maxKeyBytes: number, escaped: boolean): KeyFault | undefined {
    let named = false;
    for (let index = 0; index < this.#count; index++) {
      const at = this.#starts[index]!;
      const end = this.#ends[index]!;
      if (end - at > maxKeyBytes) return { at, message: 'measurement, tags and this field name are too long together' };
      if (!isTime(this.#body, at, end)) named = true;
    }
    if (!named) return { at: this.#starts[0]!, message: 'a field must not be called time' };
    if (!this.#mixed) return undefined;
    const twice = this.#count <= FEW && !escaped ? this.#twoTypesAmongFew() : this.#twoTypesAmongMany();
    return twice === undefined ? undefined : { at: twice, message: 'the line has this field twice, as two types' };
  }

  #twoTypesAmongFew(): number | undefined {
    for (let right = 1; right < this.#count; right++) {
      const start = this.#starts[right]!;
      const end = this.#ends[right]!;
      for (let left = 0; left < right; left++) {
        if (this.#types[left] === this.#types[right]) continue;
        if (!equalBytes(this.#body, this.#starts[left]!, this.#ends[left]!, start, end)) continue;
        if (!isTime(this.#body, start, end)) return start;
      }
    }
    return undefined;
  }

  #twoTypesAmongMany(): number | undefined {
    const types = new Map<string, FieldType>();
    for (let index = 0; index < this.#count; index++) {
      const start = this.#starts[index]!;
      const type = this.#types[index]!;
      const key = latin1(this.#body, start, this.#ends[index]!).replaceAll(ESCAPED, '$1');
      const before = types.get(key);
      if (before !== undefined && before !== type && key !== 'time') return start;
      types.set(key, type);
    }
    return undefined;
  }
}
