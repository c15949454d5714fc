/** One write request as the proxy saw it. */
export interface ProxiedWrite {
  /** Order of arrival among all events of the proxy. */
  readonly arrived: number;
  /** Order of the moment when the client had its answer; undefined: it never got one. */
  readonly answered: number | undefined;
  /** The same moment, in monotonic milliseconds. */
  readonly answeredAtMs: number | undefined;
  /** The status that the client got; undefined: it got no whole answer, or may have got none. */
  readonly status: number | undefined;
  /** The status that the backend answered; undefined: it was not asked, or did not answer. */
  readonly backendStatus: number | undefined;
  readonly path: string;
  /** Decompressed. */
  readonly body: Buffer;
}

/** Keeps write requests until there are too many of them. */
export class WriteRecord {
  /** Write requests that were not kept: what is computed from the others is no proof then. */
  dropped = 0;
  readonly kept: MutableWrite[] = [];
  readonly #maxBytes: number;
  #bytes = 0;
  #events = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The next place in the order of events. */
  tick(): number {
    return ++this.#events;
  }

  /** Undefined where it is not kept. */
  begin(arrived: number, path: string, body: Buffer): MutableWrite | undefined {
    if (this.#bytes + body.length > this.#maxBytes) {
      this.dropped++;
      return undefined;
    }
    this.#bytes += body.length;
    const write = {
      arrived,
      answered: undefined,
      answeredAtMs: undefined,
      status: undefined,
      backendStatus: undefined,
      path,
      body,
    };
    this.kept.push(write);
    return write;
  }

  answered(write: MutableWrite, status: number): void {
    write.answered = this.tick();
    write.answeredAtMs = performance.now();
    write.status = status;
  }

  /** The connection was reset before it is known that the client had read the answer. */
  unanswered(write: MutableWrite): void {
    write.answered = undefined;
    write.answeredAtMs = undefined;
    write.status = undefined;
  }
}

export type MutableWrite = { -readonly [K in keyof ProxiedWrite]: ProxiedWrite[K] };

/** How many lines came again in a request that began after a 2xx for them had reached the client. */
export function sentAgainAfterSuccess(writes: readonly ProxiedWrite[]): number {
  const storedAt = new Map<string, number>();
  for (const write of writes) {
    if (write.answered === undefined || write.status === undefined) continue;
    if (write.status < 200 || write.status > 299) continue;
    for (const line of linesOf(write)) {
      storedAt.set(line, Math.min(write.answered, storedAt.get(line) ?? Number.POSITIVE_INFINITY));
    }
  }
  let again = 0;
  for (const write of writes) {
    for (const line of linesOf(write)) if ((storedAt.get(line) ?? Number.POSITIVE_INFINITY) < write.arrived) again++;
  }
  return again;
}

const linesOf = ({ body }: ProxiedWrite): string[] =>
  body
    .toString()
    .split('\n')
    .filter((line) => line !== '');
