import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Backend } from '../backend/backend.js';
import type { Destination } from '../frames/frame.js';

/** One line of line protocol, without its line end. */
export interface SentLine {
  readonly bytes: Uint8Array;
  /** Where it came from, for whoever reads what became of it. */
  readonly number: number;
}

export interface RefusedLine {
  readonly number: number;
  readonly text: string;
  /** What the server said. */
  readonly words: string;
}

export interface SendOptions {
  readonly destination: Destination;
  readonly signal: AbortSignal;
  /** A line that the server will never take; it is not sent again. */
  readonly onRefused: (line: RefusedLine) => void;
  /** The server cannot take lines now, and is asked again after so many milliseconds. */
  readonly onWait?: (words: string, waitMs: number) => void;
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Lines could not be sent, and will not be without somebody's help. */
export class SendError extends Error {
  override readonly name = 'SendError';
  readonly code = 'ERR_DELIVERY_SEND';
}

type Hold = Extract<Answer, { kind: 'hold' }>;

/** Reasons that no waiting cures. */
const HOPELESS: ReadonlySet<Hold['reason']> = new Set(['unauthorized', 'forbidden', 'not-found']);
const MOST_WAITS = 10;
const NEWLINE = Buffer.from('\n');
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/**
 * Sends lines as one request, and in halves where the server refuses some of them, down to the line. Resolves with how
 * many it took.
 * @throws SendError when the server cannot be used, or stays busy for long.
 */
export async function sendLines(
  backend: Pick<Backend, 'id' | 'send'>,
  lines: readonly SentLine[],
  options: SendOptions,
): Promise<number> {
  if (lines.length === 0) return 0;
  const answer = await sendPatiently(backend, lines, options);
  if (answer.kind === 'stored') return lines.length;
  const [only] = lines;
  if (lines.length === 1 && only !== undefined) {
    options.onRefused({ number: only.number, text: Buffer.from(only.bytes).toString(), words: answer.words });
    return 0;
  }
  const middle = Math.ceil(lines.length / 2);
  const first = await sendLines(backend, lines.slice(0, middle), options);
  return first + (await sendLines(backend, lines.slice(middle), options));
}

async function sendPatiently(
  backend: Pick<Backend, 'id' | 'send'>,
  lines: readonly SentLine[],
  { destination, signal, onWait, wait = pause }: SendOptions,
): Promise<Exclude<Answer, Hold>> {
  const body = Buffer.concat(lines.flatMap(({ bytes }) => [bytes, NEWLINE]));
  for (let waits = 0; ; waits++) {
    signal.throwIfAborted();
    const request = { destination, body: [body], bytes: body.length, points: lines.length };
    const answer = await backend.send(request, signal);
    if (answer.kind !== 'hold') return answer;
    signal.throwIfAborted();
    if (HOPELESS.has(answer.reason) || waits === MOST_WAITS) {
      throw new SendError(`${backend.id} takes nothing (${answer.reason}): ${answer.words}`);
    }
    const backoffMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** waits);
    const waitMs = Math.max(answer.retryAfterMs ?? 0, backoffMs);
    onWait?.(answer.words, waitMs);
    await wait(waitMs, signal);
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal });
