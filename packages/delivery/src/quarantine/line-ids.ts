import { Ranges } from '../ranges/ranges.js';
import type { QuarantinedLine } from './quarantine.js';

/** A frame has no more lines than this; what is left of 2^53 suffices for 17 years of 1,000 frames a second. */
const LINES = 2 ** 14;

/** Which lines are there: ranges of one number each, so that a line costs two numbers, and a whole frame no more. */
export class LineIds {
  readonly #ids = new Ranges();
  count = 0;

  has(line: QuarantinedLine): boolean {
    return this.#ids.has(idOf(line));
  }

  add(line: QuarantinedLine): void {
    if (this.has(line)) return;
    this.#ids.add(idOf(line));
    this.count++;
  }
}

function idOf({ seq, line }: QuarantinedLine): number {
  const id = seq * LINES + line;
  if (line < LINES && Number.isSafeInteger(id)) return id;
  throw new RangeError(`line ${line} of frame ${seq} cannot be quarantined: a frame has up to ${LINES} lines`);
}
