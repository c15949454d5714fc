import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Backend } from '../backend/backend.js';
import type { Destination } from '../frames/frame.js';
import { InspectError } from './errors.js';
import { destinationOf, isComment } from './export-format.js';
import { readLines } from './line-reader.js';
import { type RefusedLine, SendError, type SendOptions, type SentLine, sendLines } from './send-lines.js';

export interface ReplayOptions extends Omit<SendOptions, 'destination'> {
  /** Line protocol with nanosecond timestamps, plain or gzip; what `export` writes. */
  readonly file: string;
  readonly backend: Pick<Backend, 'id' | 'send'>;
  /** Where every line goes. Default: where the comments of `export` say. */
  readonly destination?: Destination | undefined;
}

export interface ReplayReport {
  readonly accepted: number;
  readonly refused: number;
}

const BATCH_LINES = 5_000;
/** When so many lines are refused and none was accepted, something else is wrong than the lines. */
const HOPELESS_AFTER = 1_000;
const BATCH_BYTES = 1024 * 1024;
const NOWHERE: Destination = { org: '', bucket: '' };

/**
 * Offers the lines of a file to a write gateway. Each is a new offer, whatever became of it before.
 * @throws SendError when the gateway takes nothing more; what was accepted until then is in the error's message.
 */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  return new Replay(options).run();
}

class Replay {
  readonly #options: ReplayOptions;
  #batch: SentLine[] = [];
  #bytes = 0;
  #destination: Destination;
  #accepted = 0;
  #refused = 0;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#destination = options.destination ?? NOWHERE;
  }

  async run(): Promise<ReplayReport> {
    try {
      await this.#offerAll();
    } catch (error) {
      if (!(error instanceof SendError)) throw error;
      const done = `${this.#accepted} lines were accepted before, ${this.#refused} refused`;
      throw new SendError(`${error.message}; ${done}. Replaying the file again does no harm`, { cause: error });
    }
    return { accepted: this.#accepted, refused: this.#refused };
  }

  async #offerAll(): Promise<void> {
    for await (const line of readLines(contentsOf(this.#options.file))) {
      if (isComment(line.bytes)) await this.#turnTo(destinationOf(line.bytes.toString()));
      else await this.#add(line);
    }
    await this.#flush();
  }

  async #turnTo(destination: Destination | undefined): Promise<void> {
    if (destination === undefined || this.#options.destination !== undefined) return;
    await this.#flush();
    this.#destination = destination;
  }

  async #add(line: SentLine): Promise<void> {
    const bytes = line.bytes.length + 1;
    if (this.#batch.length === BATCH_LINES || this.#bytes + bytes > BATCH_BYTES) await this.#flush();
    this.#batch.push(line);
    this.#bytes += bytes;
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#bytes = 0;
    this.#accepted += await sendLines(this.#options.backend, batch, {
      ...this.#options,
      destination: this.#destination,
      onRefused: (line: RefusedLine) => {
        this.#refused++;
        this.#options.onRefused(line);
        if (this.#accepted === 0 && this.#refused === HOPELESS_AFTER) {
          throw new SendError(`the first ${HOPELESS_AFTER} lines were refused: ${line.words}`);
        }
      },
    });
  }
}

const GZIP = Buffer.from([0x1f, 0x8b]);

async function* contentsOf(file: string): AsyncGenerator<Uint8Array> {
  const isGzip = await startsWith(file, GZIP);
  const bytes = createReadStream(file);
  try {
    // An error of either ends both, and comes out of the last.
    yield* isGzip ? pipeline(bytes, createGunzip(), () => {}) : bytes;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw code?.startsWith('Z_') ? new InspectError(`${file} is not sound gzip: ${message}`, { cause }) : cause;
  } finally {
    bytes.destroy();
  }
}

async function startsWith(file: string, magic: Buffer): Promise<boolean> {
  for await (const chunk of createReadStream(file, { end: magic.length - 1 })) return magic.equals(chunk as Buffer);
  return false;
}
