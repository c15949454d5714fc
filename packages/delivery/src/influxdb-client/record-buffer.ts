const NEWLINE = 0x0a;
const FIRST_BYTES = 65_536;
/** So many are joined at once: fewer calls, and none of them is alive for long. */
const RUN = 32;

/**
 * Records on their way into a batch, as bytes. Thousands of texts, each made of many parts, would outlive several rounds of
 * the garbage collector, and it would copy them each time.
 */
export class RecordBuffer {
  #bytes = Buffer.alloc(0);
  #length = 0;
  #run: string[] = [];
  /** The characters of each record. */
  #sizes: number[] = [];
  #chars = 0;
  #roomNext = FIRST_BYTES;

  /** How many records there are. */
  get count(): number {
    return this.#sizes.length;
  }

  /** Their characters, with a line end for each. */
  get chars(): number {
    return this.#chars;
  }

  add(record: string): void {
    this.#sizes.push(record.length);
    this.#chars += record.length + 1;
    if (this.#run.push(record) === RUN) this.#pack();
  }

  /** Empties it. */
  take(): TakenRecords {
    if (this.#run.length > 0) this.#pack();
    const taken = new TakenRecords(this.#bytes.subarray(0, this.#length), this.#sizes);
    this.#roomNext = Math.max(FIRST_BYTES, this.#length + (this.#length >> 4));
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
    this.#sizes = [];
    this.#chars = 0;
    return taken;
  }

  #pack(): void {
    const text = this.#run.join('\n');
    this.#run.length = 0;
    const bytes = Buffer.byteLength(text);
    this.#reserve(bytes + 1);
    // What is ASCII is copied as it is.
    this.#bytes.write(text, this.#length, bytes === text.length ? 'latin1' : 'utf8');
    this.#length += bytes;
    this.#bytes[this.#length++] = NEWLINE;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length, this.#roomNext));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** The records of one batch. */
export class TakenRecords {
  /** Each with a line end. */
  readonly body: Buffer;
  readonly #sizes: readonly number[];

  constructor(body: Buffer, sizes: readonly number[]) {
    this.body = body;
    this.#sizes = sizes;
  }

  /** As they were given; half a surrogate pair, which no UTF-8 can hold, is one replacement character. */
  texts(): string[] {
    const all = this.body.toString();
    let end = -1;
    return this.#sizes.map((size) => {
      const start = end + 1;
      end = start + size;
      return all.slice(start, end);
    });
  }
}
