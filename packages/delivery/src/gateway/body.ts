import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { badRequest, Refusal } from './refusal.js';

export interface BodyLimits {
  /** Before and after decompression. */
  readonly maxBytes: number;
  /** Asked for every piece before it is kept; what it throws ends the reading. */
  readonly take: (bytes: number) => void;
  /** Told of every piece as it came. */
  readonly received: (bytes: number) => void;
}

/**
 * Reads a whole body, plain or gzip, and stops where it is too large. The rest is left to the server, which drops it.
 * @throws Refusal 400 for broken gzip or a body that ends early, 413, 415
 */
export async function readBody(source: Readable, headers: IncomingHttpHeaders, limits: BodyLimits): Promise<Buffer> {
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding !== 'gzip' && encoding !== 'identity') {
    throw new Refusal(415, 'unsupported', 'the Content-Encoding must be gzip, or none');
  }
  if (Number(headers['content-length'] ?? 0) > limits.maxBytes) throw tooLarge(limits.maxBytes);
  return encoding === 'gzip' ? gunzipped(source, limits) : plain(source, limits);
}

function plain(source: Readable, limits: BodyLimits): Promise<Buffer> {
  const pieces = new Pieces(limits);
  return consume(source, limits, {
    piece: (piece) => pieces.add(piece),
    end: (done) => done(pieces.join()),
    stop: () => {},
  });
}

function gunzipped(source: Readable, limits: BodyLimits): Promise<Buffer> {
  const gunzip = createGunzip({ chunkSize: 65_536 });
  const pieces = new Pieces(limits);
  let given = 0;
  return consume(source, limits, {
    begin: (done, fail) => {
      gunzip.on('data', (piece: Buffer) => attempt(fail, () => pieces.add(piece)));
      gunzip.on('error', () => fail(badRequest('the body is broken gzip')));
      gunzip.on('end', () => {
        // Node passes over zeros behind the last member; InfluxDB does not.
        if (gunzip.bytesWritten === given && given > 0) done(pieces.join());
        else fail(badRequest('the body is broken gzip'));
      });
      gunzip.on('drain', () => source.resume());
    },
    piece: (piece) => {
      given += piece.length;
      if (given > limits.maxBytes) throw tooLarge(limits.maxBytes);
      if (!gunzip.write(piece)) source.pause();
    },
    end: () => gunzip.end(),
    stop: () => gunzip.destroy(),
  });
}

interface Consumer {
  begin?(done: (body: Buffer) => void, fail: (error: unknown) => void): void;
  piece(piece: Buffer): void;
  end(done: (body: Buffer) => void): void;
  /** Called once, whatever the outcome. */
  stop(): void;
}

/** Listens instead of iterating: that would destroy the socket, and with it the answer, when reading stops half-way. */
function consume(source: Readable, limits: BodyLimits, consumer: Consumer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let settled = false;
    const settle = (outcome: () => void) => {
      if (settled) return;
      settled = true;
      source.off('data', onData).off('end', onEnd).off('close', onClose);
      consumer.stop();
      source.resume();
      outcome();
    };
    const done = (body: Buffer) => settle(() => resolve(body));
    const fail = (error: unknown) => settle(() => reject(error));
    const onData = (piece: Buffer) => {
      limits.received(piece.length);
      attempt(fail, () => consumer.piece(piece));
    };
    const onEnd = () => {
      source.off('close', onClose);
      consumer.end(done);
    };
    const onClose = () => fail(new Refusal(400, 'aborted', 'the body ended before its end'));
    // Its error is followed by its close. The listener stays: an error that nobody hears ends the process.
    source.on('error', () => {});
    source.on('data', onData).on('end', onEnd).on('close', onClose);
    consumer.begin?.(done, fail);
    // Gone while a hook of the program around was at work: its close was before, and none will follow.
    if (source.destroyed) onClose();
  });
}

function attempt(fail: (error: unknown) => void, action: () => void): void {
  try {
    action();
  } catch (error) {
    fail(error);
  }
}

/** What was read so far. */
class Pieces {
  readonly #limits: BodyLimits;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  add(piece: Buffer): void {
    if (this.#bytes + piece.length > this.#limits.maxBytes) throw tooLarge(this.#limits.maxBytes);
    this.#limits.take(piece.length);
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  join(): Buffer {
    return this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#bytes);
  }
}

const tooLarge = (maxBytes: number): Refusal =>
  new Refusal(413, 'too-large', `the body is larger than ${maxBytes} bytes; send it in smaller parts`);
