import type { FrameMeta } from '../frames/frame.js';

/** Turns meta to bytes and back. Frames that follow each other mostly have the same: the last one is remembered. */
export class MetaCodec {
  #meta: FrameMeta | undefined;
  #bytes: Buffer | undefined;

  encode(meta: FrameMeta): Buffer {
    if (this.#bytes === undefined || !isSame(meta, this.#meta)) {
      this.#meta = meta;
      this.#bytes = Buffer.from(JSON.stringify(meta));
    }
    return this.#bytes;
  }

  /** Undefined: this is no meta. */
  decode(bytes: Buffer): FrameMeta | undefined {
    if (this.#meta !== undefined && this.#bytes?.equals(bytes)) return this.#meta;
    const meta = parse(bytes);
    if (meta === undefined) return undefined;
    this.#meta = meta;
    this.#bytes = Buffer.from(bytes);
    return meta;
  }
}

/** Good enough for the common case, frames for all lanes. */
function isSame(a: FrameMeta, b: FrameMeta | undefined): boolean {
  if (a === b) return true;
  return (
    a.lanes === undefined &&
    b !== undefined &&
    b.lanes === undefined &&
    a.destination.org === b.destination.org &&
    a.destination.bucket === b.destination.bucket
  );
}

function parse(bytes: Buffer): FrameMeta | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
  return isMeta(value) ? value : undefined;
}

function isMeta(value: unknown): value is FrameMeta {
  if (typeof value !== 'object' || value === null) return false;
  const { content, precision, destination, lanes } = value as { [K in keyof FrameMeta]?: unknown };
  if (content !== 'line-protocol' || precision !== 'ns') return false;
  if (typeof destination !== 'object' || destination === null) return false;
  const { org, bucket } = destination as { org?: unknown; bucket?: unknown };
  if (typeof org !== 'string' || typeof bucket !== 'string') return false;
  return lanes === undefined || (Array.isArray(lanes) && lanes.every((lane) => typeof lane === 'string'));
}
