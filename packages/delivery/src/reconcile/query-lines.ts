import { parse } from 'lossless-json';
import { ReconcileError } from './errors.js';

/** A piece of one series of a result. Numbers are their digits, as strings. */
export interface ResultSeries {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: ReadonlyArray<readonly Cell[]>;
}

export type Cell = string | boolean | null;

interface Answer {
  readonly error?: string;
  readonly results?: ReadonlyArray<{ readonly error?: string; readonly series?: ReadonlyArray<Partial<ResultSeries>> }>;
}

/** The most that one chunk of an answer may be. */
const MAX_CHUNK_BYTES = 64 * 1024 * 1024;

/** What a chunked answer holds: one JSON document a line. */
export async function* readAnswer(body: AsyncIterable<Uint8Array>, who: string): AsyncGenerator<ResultSeries> {
  for await (const line of linesOf(body, who)) {
    const answer = decode(line, who);
    const error = answer.error ?? answer.results?.find((result) => result.error !== undefined)?.error;
    if (error !== undefined) throw new ReconcileError(`${who} could not answer a query: ${error}`);
    for (const { series = [] } of answer.results ?? []) {
      for (const { name = '', tags = {}, columns = [], values = [] } of series) yield { name, tags, columns, values };
    }
  }
}

function decode(line: string, who: string): Answer {
  try {
    const answer = parse(line, undefined, (digits) => digits);
    if (typeof answer === 'object' && answer !== null) return answer as Answer;
  } catch (cause) {
    throw new ReconcileError(`${who} answered a query with what is not JSON: ${line.slice(0, 100)}`, { cause });
  }
  throw new ReconcileError(`${who} answered a query with ${line.slice(0, 100)}, which is no result`);
}

async function* linesOf(body: AsyncIterable<Uint8Array>, who: string): AsyncGenerator<string> {
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      pieces.push(chunk.subarray(start, end));
      yield Buffer.concat(pieces).toString();
      pieces = [];
      bytes = 0;
      start = end + 1;
    }
    pieces.push(chunk.subarray(start));
    bytes += chunk.length - start;
    if (bytes > MAX_CHUNK_BYTES) throw new ReconcileError(`${who} answers in pieces of more than 64 MiB`);
  }
  if (bytes > 0) yield Buffer.concat(pieces).toString();
}
