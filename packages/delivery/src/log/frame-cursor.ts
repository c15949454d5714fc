import type { FrameMeta } from '../frames/frame.js';
import type { StoredFile } from '../storage/storage.js';
import {
  FRAME_HEADER_BYTES,
  type FrameHeader,
  frameBytes,
  MARKER_BYTES,
  payloadCrc,
  readFrameHeader,
} from './frame-codec.js';
import type { MetaCodec } from './meta-codec.js';

interface CursorOptions {
  readonly file: Pick<StoredFile, 'read'>;
  /** Where to begin, and where to end. */
  readonly position: number;
  readonly end: number;
  /** How frames begin. The common prefix of all segments' markers: the first sound frame shows the rest. */
  readonly marker: Buffer;
  /** Frames with a lower sequence number are not looked for. */
  readonly fromSeq: number;
  readonly chunkBytes: number;
  /** Serves for the chunks, as long as it is large enough. */
  readonly room?: Buffer | undefined;
  readonly metas: MetaCodec;
}

interface Payload {
  readonly meta: FrameMeta;
  readonly body: Buffer;
}

/**
 * Goes from frame to frame through a part of a file, and after damage on to the next marker. `header()` shows the next
 * frame, `payload()` or `skip()` goes past it; when one of them has nothing, `fill()` reads on.
 */
export class FrameCursor {
  readonly #options: CursorOptions;
  #marker: Buffer;
  #bytes: Buffer = Buffer.alloc(0);
  #room: Buffer;
  /** Where in the file the bytes begin, and how far in them the cursor is. */
  #base: number;
  #at = 0;
  #needed = FRAME_HEADER_BYTES;
  #end: number;
  #header: FrameHeader | undefined;
  #fromSeq: number;
  /** The last frame whose header was sound and whose payload was damaged, or is cut off by the end of the file. */
  damaged: FrameHeader | undefined;
  torn: FrameHeader | undefined;

  constructor(options: CursorOptions) {
    this.#options = options;
    this.#marker = options.marker;
    this.#room = options.room ?? Buffer.alloc(0);
    this.#base = options.position;
    this.#end = options.end;
    this.#fromSeq = options.fromSeq;
  }

  /** Where in the file the cursor is: before the frame that `header()` shows. */
  get position(): number {
    return this.#base + this.#at;
  }

  get marker(): Buffer {
    return this.#marker;
  }

  /** What the chunks were read into. */
  get room(): Buffer {
    return this.#room;
  }

  /** The next frame; undefined: `fill()` first. */
  header(): FrameHeader | undefined {
    while (this.#header === undefined) {
      if (this.#at + FRAME_HEADER_BYTES > this.#bytes.length) return undefined;
      const header = readFrameHeader(this.#bytes, this.#at, this.#marker);
      if (header === undefined || header.seq < this.#fromSeq) this.#resynchronise();
      else if (this.position + frameBytes(header) > this.#end) {
        this.torn = header;
        this.#resynchronise();
      } else {
        if (this.#marker.length < MARKER_BYTES) {
          this.#marker = Buffer.from(this.#bytes.subarray(this.#at, this.#at + MARKER_BYTES));
        }
        this.#header = header;
      }
    }
    return this.#header;
  }

  /** Goes past the frame without a look at its payload. */
  skip(): void {
    const header = this.#header!;
    this.#at += frameBytes(header);
    this.#fromSeq = header.seq + 1;
    this.#header = undefined;
  }

  /**
   * Goes past the frame; its body is there until the next `fill()`. `short`: `fill()`, and ask for the header again.
   * `damaged`: what follows is the next sound one.
   */
  payload(): Payload | 'short' | 'damaged' {
    const header = this.#header!;
    const end = this.#at + frameBytes(header);
    if (end > this.#bytes.length) {
      this.#needed = frameBytes(header);
      this.#header = undefined;
      return 'short';
    }
    const bodyAt = this.#at + FRAME_HEADER_BYTES + header.metaLength;
    const metaBytes = this.#bytes.subarray(this.#at + FRAME_HEADER_BYTES, bodyAt);
    const body = this.#bytes.subarray(bodyAt, end);
    const meta = payloadCrc(metaBytes, body) === header.payloadCrc ? this.#options.metas.decode(metaBytes) : undefined;
    if (meta === undefined) {
      this.damaged = header;
      this.#header = undefined;
      this.#resynchronise();
      return 'damaged';
    }
    this.skip();
    return { meta, body };
  }

  /** Reads on from where the cursor is; false: there is no more. */
  async fill(): Promise<boolean> {
    const position = this.position;
    const left = this.#end - position;
    if (left < FRAME_HEADER_BYTES) return false;
    const length = Math.min(left, Math.max(this.#needed, this.#options.chunkBytes));
    this.#needed = FRAME_HEADER_BYTES;
    if (this.#room.length < length) this.#room = Buffer.allocUnsafeSlow(length);
    const into = this.#room.subarray(0, length);
    const read = await this.#options.file.read(into, position);
    // The file may be shorter than it was.
    if (read < length) this.#end = position + read;
    this.#bytes = into.subarray(0, read);
    this.#base = position;
    this.#at = 0;
    return read >= FRAME_HEADER_BYTES;
  }

  #resynchronise(): void {
    const found = this.#bytes.indexOf(this.#marker, this.#at + 1);
    // The last bytes may be the beginning of a marker.
    this.#at = found === -1 ? Math.max(this.#at + 1, this.#bytes.length - MARKER_BYTES + 1) : found;
  }
}
