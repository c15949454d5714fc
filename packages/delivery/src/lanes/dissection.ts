import type { ResentReason } from './metrics.js';
import type { FrameWork, LineSpan, Open } from './work.js';

/** Lines of one frame. */
export interface Part extends Open {
  readonly work: FrameWork;
}

/** What one request holds. */
export type Piece = readonly Part[];

const linesOf = ({ span: [from, to] }: Part): number => to - from;

export const pointsOf = (piece: Piece): number => piece.reduce((sum, part) => sum + linesOf(part), 0);

/** Pieces for each bad line that is expected in a piece: fewer and the search goes deeper, more and good pieces are many. */
const PIECES_A_BAD_LINE = 1.5;

/**
 * What is still to be sent of a batch, the first lines first. A piece with bad lines is split: in two where they are rare,
 * into more pieces the more of them there must be, so that a batch of nothing but bad lines costs about a request a line.
 */
export class Dissection {
  readonly #pieces: Piece[];
  #bad = 0;
  #decided = 0;

  constructor(works: readonly FrameWork[], maxBytes: number) {
    const parts = works.flatMap((work) => work.open.map((open) => ({ work, ...open })));
    this.#pieces = cut(parts, maxBytes).reverse();
  }

  /** Lines that were found bad. */
  get bad(): number {
    return this.#bad;
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  next(): Piece | undefined {
    return this.#pieces.pop();
  }

  /** All of them are stored. */
  stored(piece: Piece): void {
    this.#decided += pointsOf(piece);
  }

  /** At least one of them is bad. Returns the line that it must be; undefined: the piece was split. */
  refused(piece: Piece): Part | undefined {
    const points = pointsOf(piece);
    if (points === 1) {
      this.#bad++;
      this.#decided++;
      return piece[0];
    }
    const expected = this.#decided === 0 ? 1 : (points * this.#bad) / this.#decided;
    const wanted = Math.min(points, Math.max(2, Math.ceil(PIECES_A_BAD_LINE * expected)));
    this.#push(split(piece, points, wanted), 'bad-lines');
    return undefined;
  }

  /** Together they are too large. Returns the line that is so alone; undefined: the piece was split. */
  tooLarge(piece: Piece, bytes: number): Part | undefined {
    if (pointsOf(piece) === 1) return piece[0];
    this.#push(cut(piece, Math.floor(bytes / 2)), 'too-large');
    return undefined;
  }

  /** Nothing is known of them: they come next. */
  putOff(piece: Piece, reason?: ResentReason): void {
    this.#push([piece], reason);
  }

  /** What has no outcome yet, by frame. */
  rest(): Map<FrameWork, Open[]> {
    const rest = new Map<FrameWork, Open[]>();
    for (const { work, span, reason } of [...this.#pieces].reverse().flat()) {
      const open = rest.get(work) ?? [];
      open.push({ span, reason });
      rest.set(work, open);
    }
    return rest;
  }

  #push(pieces: readonly Piece[], reason: ResentReason | undefined): void {
    for (const piece of [...pieces].reverse())
      this.#pieces.push(reason === undefined ? piece : piece.map((part) => ({ ...part, reason })));
  }
}

/** Pieces of about the same number of points: whole parts while there are several, lines of one that stands alone. */
function split(piece: Piece, points: number, wanted: number): Piece[] {
  if (piece.length === 1) return splitPart(piece[0]!, wanted);
  const size = points / wanted;
  const pieces: Part[][] = [[]];
  let taken = 0;
  for (const part of piece) {
    // A part goes where its middle lies, so that a large one beside small ones does not take them in.
    const place = Math.floor((taken + linesOf(part) / 2) / size);
    if (taken > 0 && place >= pieces.length) pieces.push([]);
    pieces.at(-1)!.push(part);
    taken += linesOf(part);
  }
  if (pieces.length === 1) return [piece.slice(0, -1), piece.slice(-1)];
  return pieces;
}

function splitPart(part: Part, wanted: number): Piece[] {
  const [from, to] = part.span;
  const step = Math.ceil((to - from) / wanted);
  const pieces: Piece[] = [];
  for (let at = from; at < to; at += step) pieces.push([{ ...part, span: span(at, Math.min(to, at + step)) }]);
  return pieces;
}

const span = (from: number, to: number): LineSpan => [from, to];

/** Pieces of at most so many bytes, or of one line. */
function cut(parts: readonly Part[], maxBytes: number): Piece[] {
  const pieces: Part[][] = [];
  let bytes = 0;
  for (const part of parts.flatMap((part) => cutPart(part, maxBytes))) {
    const size = part.work.bytes(part.span).length;
    if (pieces.length === 0 || bytes + size > maxBytes) {
      pieces.push([]);
      bytes = 0;
    }
    pieces.at(-1)!.push(part);
    bytes += size;
  }
  return pieces;
}

/** Halves, until each is small enough. */
function cutPart(part: Part, maxBytes: number): Part[] {
  if (linesOf(part) === 1 || part.work.bytes(part.span).length <= maxBytes) return [part];
  return splitPart(part, 2).flatMap(([half]) => cutPart(half!, maxBytes));
}
