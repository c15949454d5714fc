/** An item as the model-based test adds it. */
export interface PlainItem {
  readonly id: number;
  readonly bytes: number;
  /** Whether `process` refuses it. */
  readonly bad: boolean;
}

export interface PlainOptions {
  readonly signal?: number;
  readonly deadline?: number;
}

export interface PlainSettings {
  readonly batchSize: number;
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly workers: number;
  readonly maxQueued: number;
  readonly maxWaiting: number;
  readonly maxProcessCalls: number;
}

/** How a call of `process` ends: it accepts the batch, answers for each item, is down, or refuses what holds a bad item. */
export type Ending = 'accept' | 'each' | 'outage' | 'poison';

interface Entry extends PlainItem {
  readonly epoch: number;
  readonly signal: number | undefined;
  readonly deadline: number;
  /** Answered by itself, not with its batch. */
  readonly alone: boolean;
  fate: string | undefined;
}

interface Batch {
  readonly items: Entry[];
  readonly sinceMs: number;
  readonly epoch: number;
}

interface Flight {
  readonly batch: Batch;
  /** What is still to be tried; the first part is being processed. */
  readonly parts: Entry[][];
  readonly deadline: number;
  calls: number;
  aborted: boolean;
}

interface Drain {
  readonly atMs: number;
  /** Items that were cut off before it began. */
  readonly before: number;
}

const NEVER = Number.POSITIVE_INFINITY;
const bytesOf = (items: readonly PlainItem[]) => items.reduce((sum, item) => sum + item.bytes, 0);

/** What a batch pool does, said as plainly as possible: lists, searched and copied at will. */
export class PlainPool {
  readonly settings: PlainSettings;
  nowMs = 0;
  readonly entries: Entry[] = [];
  waiting: Entry[] = [];
  open: Batch | undefined;
  sealed: Batch[] = [];
  flights: Flight[] = [];
  /** The items of every call of `process` so far. */
  readonly calls: number[][] = [];
  readonly refused: string[] = [];
  readonly abortedSignals = new Set<number>();
  epoch = 0;
  closed = false;
  stopped = false;
  cutOff = 0;
  readonly flushes: number[] = [];
  readonly drains: Drain[] = [];

  constructor(settings: PlainSettings) {
    this.settings = settings;
  }

  get queued(): number {
    return [...this.sealed, ...(this.open ? [this.open] : [])].reduce((sum, batch) => sum + batch.items.length, 0);
  }

  get inFlight(): number {
    return this.flights.reduce((sum, flight) => sum + flight.batch.items.length, 0);
  }

  get pending(): number {
    return this.entries.filter((entry) => entry.fate === undefined).length;
  }

  /** What the caller of an entry has been told by now. */
  told(entry: Entry): string {
    const batch = this.#batches.find(({ items }) => items.includes(entry));
    const withBatch = !entry.alone && batch?.items.some((other) => other.fate === undefined);
    return entry.fate === undefined || withBatch ? 'pending' : entry.fate;
  }

  /** Every batch that ever was. */
  readonly #batches: Batch[] = [];

  add(item: PlainItem, options: PlainOptions, mayWait: boolean): Entry | undefined {
    const { signal, deadline = NEVER } = options;
    const room = this.queued + this.inFlight < this.settings.maxQueued;
    const refusal = this.closed
      ? 'shutdown'
      : signal !== undefined && this.abortedSignals.has(signal)
        ? 'aborted'
        : deadline <= this.nowMs
          ? 'deadline'
          : !room && !(mayWait && this.waiting.length < this.settings.maxWaiting)
            ? 'queue-full'
            : undefined;
    if (refusal !== undefined) {
      this.refused.push(refusal);
      return undefined;
    }
    const alone = !room || signal !== undefined || deadline !== NEVER;
    const entry: Entry = { ...item, epoch: this.epoch, signal, deadline, alone, fate: undefined };
    this.entries.push(entry);
    this.waiting.push(entry);
    this.#run();
    return entry;
  }

  finish(flight: Flight, ending: Ending): void {
    const [part, ...rest] = flight.parts;
    const bad = part!.filter((entry) => entry.bad);
    if (ending === 'accept' || (ending === 'poison' && bad.length === 0)) {
      for (const entry of part!) entry.fate ??= 'value undefined';
    } else if (ending === 'each') {
      for (const entry of part!) entry.fate ??= entry.bad ? `error bad ${entry.id}` : `value ${entry.id}`;
    } else if (ending === 'outage') {
      for (const entry of part!) entry.fate ??= 'error down';
    } else if (part!.length > 1 && flight.calls + rest.length + 2 <= this.settings.maxProcessCalls) {
      const half = Math.ceil(part!.length / 2);
      rest.unshift(part!.slice(0, half), part!.slice(half));
    } else {
      for (const entry of part!) entry.fate ??= `error bad ${bad.map(({ id }) => id).join()}`;
    }
    const wanted = flight.batch.items.some((entry) => entry.fate === undefined);
    flight.parts.splice(0, flight.parts.length, ...(wanted ? rest : []));
    if (flight.parts.length > 0) this.#call(flight);
    else this.flights = this.flights.filter((other) => other !== flight);
    this.#run();
  }

  abortSignal(signal: number): void {
    this.abortedSignals.add(signal);
    for (const entry of this.entries) {
      if (entry.signal === signal && entry.fate === undefined) this.#leave(entry, 'rejected aborted', 'AbortError');
    }
  }

  flush(): void {
    this.flushes.push(this.epoch);
    this.#nextEpoch();
  }

  drain(deadlineMs: number): void {
    this.closed = true;
    this.drains.push({ atMs: this.nowMs + deadlineMs, before: this.cutOff });
    this.#nextEpoch();
  }

  #nextEpoch(): void {
    this.epoch++;
    this.#run();
  }

  flushed(epoch: number): string {
    const open = this.entries.some((entry) => entry.epoch <= epoch && entry.fate === undefined);
    return open ? 'pending' : 'value undefined';
  }

  drained({ before }: Drain): string {
    const idle = this.pending === 0 && this.flights.length === 0;
    return idle || this.stopped ? `value ${this.cutOff - before}` : 'pending';
  }

  abort(error = 'error crashed'): void {
    this.closed = true;
    this.stopped = true;
    this.cutOff += this.pending;
    const inFlight = this.flights.flatMap((flight) => flight.batch.items);
    for (const entry of this.entries) entry.fate ??= inFlight.includes(entry) ? error : 'rejected shutdown';
    for (const flight of this.flights) flight.aborted = true;
    this.waiting = [];
    this.sealed = [];
    this.open = undefined;
  }

  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (true) {
      const next = Math.min(...this.#moments().filter((moment) => moment > this.nowMs));
      if (next > untilMs) break;
      this.nowMs = next;
      for (const entry of this.entries) {
        if (entry.deadline <= next && entry.fate === undefined) this.#leave(entry, 'rejected deadline', 'TimeoutError');
      }
      const late = this.drains.some((drained) => drained.atMs <= next && this.drained(drained) === 'pending');
      if (late) {
        this.abort('TimeoutError');
      }
      this.#run();
    }
    this.nowMs = untilMs;
  }

  /** When something happens by itself. */
  #moments(): number[] {
    const deadlines = this.entries.filter((entry) => entry.fate === undefined).map((entry) => entry.deadline);
    const aged = this.open === undefined ? NEVER : this.open.sinceMs + this.settings.maxAgeMs;
    return [...deadlines, ...this.drains.map((drain) => drain.atMs), aged];
  }

  #leave(entry: Entry, before: string, inFlight: string): void {
    const flight = this.flights.find(({ batch }) => batch.items.includes(entry));
    entry.fate = flight === undefined ? before : inFlight;
    if (flight !== undefined) {
      flight.aborted ||= flight.batch.items.every((other) => other.fate !== undefined);
      return;
    }
    this.waiting = this.waiting.filter((other) => other !== entry);
    for (const batch of this.#batches) {
      if (batch.items.includes(entry)) batch.items.splice(batch.items.indexOf(entry), 1);
    }
    this.sealed = this.sealed.filter((batch) => batch.items.length > 0);
    if (this.open?.items.length === 0) this.open = undefined;
    this.#run();
  }

  /** Admits who waits, and gives batches to workers, until nothing moves. */
  #run(): void {
    while (this.waiting.length > 0 && this.queued + this.inFlight < this.settings.maxQueued) {
      this.#admit(this.waiting.shift()!);
    }
    if (this.open !== undefined && this.open.epoch < this.epoch) this.#seal();
    while (this.flights.length < this.settings.workers) {
      const due = this.open !== undefined && this.open.sinceMs + this.settings.maxAgeMs <= this.nowMs;
      if (this.sealed.length === 0 && due) this.#seal();
      const batch = this.sealed.shift();
      if (batch === undefined) break;
      this.#start(batch);
    }
  }

  #admit(entry: Entry): void {
    const { batchSize, maxBytes } = this.settings;
    if (this.open !== undefined && this.open.epoch < entry.epoch) this.#seal();
    if (this.open !== undefined && bytesOf(this.open.items) + entry.bytes > maxBytes) this.#seal();
    if (this.open === undefined) {
      this.open = { items: [], sinceMs: this.nowMs, epoch: entry.epoch };
      this.#batches.push(this.open);
    }
    this.open.items.push(entry);
    if (this.open.items.length === batchSize || bytesOf(this.open.items) >= maxBytes) this.#seal();
  }

  #seal(): void {
    this.sealed.push(this.open!);
    this.open = undefined;
  }

  #start(batch: Batch): void {
    const latest = Math.max(...batch.items.map((entry) => entry.deadline));
    const flight: Flight = {
      batch,
      parts: [[...batch.items]],
      deadline: Math.min(latest, ...this.drains.map((drain) => drain.atMs)),
      calls: 0,
      aborted: false,
    };
    this.flights.push(flight);
    this.#call(flight);
  }

  #call(flight: Flight): void {
    flight.calls++;
    this.calls.push(flight.parts[0]!.map((entry) => entry.id));
  }
}
