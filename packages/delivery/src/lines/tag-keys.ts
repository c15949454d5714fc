import { latin1 } from './bytes.js';

/** Something wrong with a key, and where it begins. */
export interface KeyFault {
  readonly at: number;
  readonly message: string;
}

/** Comparing every pair is the fastest way to find two equal keys among this many. */
const FEW = 16;

/** The tag keys of one line. */
export class TagKeys {
  readonly #body: Uint8Array;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #count = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  clear(): void {
    this.#count = 0;
  }

  add(start: number, end: number): void {
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = end;
    this.#count++;
  }

  fault(): KeyFault | undefined {
    for (let index = 0; index < this.#count; index++) {
      const at = this.#starts[index]!;
      if (isTime(this.#body, at, this.#ends[index]!)) return { at, message: 'a tag must not be called time' };
    }
    if (failsInfluxdb1(this.#count)) {
      return {
        at: this.#starts[0]!,
        message: `InfluxDB 1.x fails on exactly ${this.#count} tags: add or leave out one`,
      };
    }
    const twice = this.#count <= FEW ? this.#twiceAmongFew() : this.#twiceAmongMany();
    return twice === undefined ? undefined : { at: twice, message: 'the line has this tag twice' };
  }

  #twiceAmongFew(): number | undefined {
    for (let right = 1; right < this.#count; right++) {
      const start = this.#starts[right]!;
      const end = this.#ends[right]!;
      for (let left = 0; left < right; left++) {
        if (equalBytes(this.#body, this.#starts[left]!, this.#ends[left]!, start, end)) return start;
      }
    }
    return undefined;
  }

  #twiceAmongMany(): number | undefined {
    const seen = new Set<string>();
    for (let index = 0; index < this.#count; index++) {
      const start = this.#starts[index]!;
      seen.add(latin1(this.#body, start, this.#ends[index]!));
      if (seen.size <= index) return start;
    }
    return undefined;
  }
}

/** Its parser has room for 100 tags, doubles it when one more comes, and writes behind its end when none does. */
function failsInfluxdb1(tags: number): boolean {
  let room = 100;
  while (room < tags) room *= 2;
  return room === tags;
}

export function isTime(body: Uint8Array, start: number, end: number): boolean {
  return (
    end - start === 4 &&
    body[start] === 0x74 &&
    body[start + 1] === 0x69 &&
    body[start + 2] === 0x6d &&
    body[start + 3] === 0x65
  );
}

export function equalBytes(
  body: Uint8Array,
  start: number,
  end: number,
  otherStart: number,
  otherEnd: number,
): boolean {
  if (end - start !== otherEnd - otherStart) return false;
  for (let at = start, other = otherStart; at < end; at++, other++) {
    if (body[at] !== body[other]) return false;
  }
  return true;
}
