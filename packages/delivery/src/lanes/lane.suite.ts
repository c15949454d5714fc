import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Measured, Recorder } from '@breakwater/resilience';
import { seededRandom, VirtualClock } from '@breakwater/resilience/testing';
import type { Answer, Backend, Dialect, SendRequest } from '../backend/backend.js';
import { LaneBook } from '../book/lane-book.js';
import { DELIVERY_CHANNEL, type DeliveryEvent } from '../events/events.js';
import type { Frame, NewFrame } from '../frames/frame.js';
import type { FrameLog, LogClosure, ReadLimits, ReadResult, SegmentInfo } from '../log/frame-log.js';
import type { QuarantinedLine } from '../quarantine/quarantine.js';
import { LaneGate } from './gate.js';
import { Lane } from './lane.js';
import type { LaneSettings } from './settings.js';

export const STORED: Answer = { kind: 'stored' };
export const badLines = (words = 'partial write'): Answer => ({ kind: 'bad-lines', words });
export const tooLarge = (words = 'too large'): Answer => ({ kind: 'too-large', words });
export const held = (over: Partial<Extract<Answer, { kind: 'hold' }>> = {}): Answer => ({
  kind: 'hold',
  reason: 'overloaded',
  words: 'queue full',
  scope: 'backend',
  mayBeStored: false,
  ...over,
});
export const notFound = held({ reason: 'not-found', words: 'no such database', scope: 'destination' });

/** A log in memory: whole and never wrong. */
class MemoryLog implements FrameLog {
  readonly directory = 'nowhere';
  readonly frames: Frame[] = [];
  closure: LogClosure | undefined;
  totalPoints = 0;
  /** What was read, to count how often. */
  readonly reads: number[] = [];
  /** Fails reads while it is set. */
  broken: Error | undefined;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get nextSeq(): number {
    return this.frames.length + 1;
  }

  commit({ meta, body, points }: NewFrame): Frame {
    const seq = this.nextSeq;
    const frame = {
      seq,
      points,
      meta,
      body: Buffer.from(body),
      acceptedAtMs: this.#clock.wall(),
      segment: 1,
      lanes: meta.lanes,
    };
    this.frames.push(frame);
    this.totalPoints += points;
    return frame;
  }

  async read(fromSeq: number, { toSeq = Number.POSITIVE_INFINITY, maxBytes, wanted }: ReadLimits): Promise<ReadResult> {
    await Promise.resolve();
    if (this.broken !== undefined) throw this.broken;
    const frames: Frame[] = [];
    let bytes = 0;
    let seq = fromSeq;
    for (; seq <= toSeq && seq < this.nextSeq; seq++) {
      const frame = this.frames[seq - 1]!;
      if (wanted?.(seq) === false) continue;
      if (frames.length > 0 && bytes + frame.body.length > maxBytes) break;
      bytes += frame.body.length;
      frames.push(frame);
      this.reads.push(seq);
    }
    return { frames, gaps: [], nextSeq: seq };
  }

  acceptedAtMs(seq: number): number {
    return this.frames[seq - 1]?.acceptedAtMs ?? this.#clock.wall();
  }

  append(): Promise<void> {
    throw new Error('use commit');
  }
  get bytes(): number {
    return this.segments().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  segments(): SegmentInfo[] {
    return [];
  }
  remove(): Promise<boolean> {
    return Promise.resolve(true);
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
  measure(_record: Recorder): void {}
}

/** One request that a backend was sent. */
export interface Sent {
  readonly atMs: number;
  readonly bucket: string;
  readonly lines: readonly string[];
  readonly bytes: number;
  readonly points: number;
  readonly onResend: SendRequest['onResend'];
}

export type Script = (sent: Sent, signal: AbortSignal) => Answer | Promise<Answer>;

/** A backend that answers what the test says. */
export class ScriptedBackend implements Backend {
  readonly id = 'http://influx:8086';
  dialect: Dialect | undefined = 'influxdb-1';
  readonly sent: Sent[] = [];
  inFlight = 0;
  mostInFlight = 0;
  epochs = 0;
  script: Script = () => STORED;
  currentEpoch: () => number | undefined | Promise<number | undefined> = () => 1;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  async send({ destination, body, bytes, points, onResend }: SendRequest, signal: AbortSignal): Promise<Answer> {
    const lines = linesOf(Buffer.concat(body).toString());
    const sent = { atMs: this.#clock.now(), bucket: destination.bucket, lines, bytes, points, onResend };
    this.sent.push(sent);
    this.inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    const answer = await this.script(sent, signal);
    this.inFlight--;
    return answer;
  }

  async epoch(): Promise<number | undefined> {
    this.epochs++;
    return this.currentEpoch();
  }

  /** Every line of the requests from the one on, in the order of sending. */
  linesFrom(index = 0): string[] {
    return this.sent.slice(index).flatMap(({ lines }) => lines);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
  measure(_record: Recorder): void {}
}

export const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);

/** Every value of a metric, whatever its labels. */
export function collected(source: Measured, name: string): number[] {
  const values: number[] = [];
  source.measure((definition, _labels, value) => {
    if (definition.name === name && typeof value === 'number') values.push(value);
  });
  return values;
}

/** What is published from now on. */
export function eventsOf(): Disposable & { readonly list: DeliveryEvent[] } {
  const list: DeliveryEvent[] = [];
  const listen = (event: unknown) => void list.push(event as DeliveryEvent);
  subscribe(DELIVERY_CHANNEL, listen);
  return { list, [Symbol.dispose]: () => unsubscribe(DELIVERY_CHANNEL, listen) };
}

export interface RigOptions extends LaneSettings {
  readonly seed?: number;
  readonly dialect?: Dialect;
}

/** A lane with everything around it in memory, in virtual time. */
export function rigOf({ seed = 1, dialect = 'influxdb-1', ...settings }: RigOptions = {}) {
  const clock = new VirtualClock();
  const backend = new ScriptedBackend(clock);
  backend.dialect = dialect;
  const gate = new LaneGate({ backend, settings, clock, random: seededRandom(seed) });
  const events = eventsOf();
  const own = slotOf(clock, gate, 'slot-1');
  return {
    clock,
    backend,
    gate,
    events: events.list,
    ...own,
    anotherSlot: () => slotOf(clock, gate, 'slot-2'),
    [Symbol.dispose]: () => events[Symbol.dispose](),
  };
}

/** A slot with its lane, in memory. */
export function slotOf(clock: VirtualClock, gate: LaneGate, slot: string) {
  const log = new MemoryLog(clock);
  const book = new LaneBook({ lane: gate.backend.id, startSeq: 1 });
  book.reconcile();
  const quarantined = new Map<string, QuarantinedLine>();
  const quarantine = {
    broken: undefined as Error | undefined,
    async add(lines: readonly QuarantinedLine[]) {
      await Promise.resolve();
      if (quarantine.broken !== undefined) throw quarantine.broken;
      for (const line of lines) quarantined.set(`${line.seq}:${line.line}`, line);
    },
    close: () => Promise.resolve(),
  };
  let lane: Lane | undefined;
  let lines = 0;
  /** Commits one frame of so many lines, numbered through. */
  const commit = (points = 1, bucket = 'b', line = (n: number) => `m v=${n}i ${n}`) => {
    return commitBody(Buffer.from(Array.from({ length: points }, () => `${line(lines++)}\n`).join('')), points, bucket);
  };
  const commitBody = (body: Buffer, points: number, bucket = 'b') => {
    const destination = { org: '', bucket };
    const frame = log.commit({ meta: { content: 'line-protocol', precision: 'ns', destination }, body, points });
    book.add(frame);
    lane?.wake();
    return frame;
  };
  const start = () => {
    lane ??= new Lane({ gate, slot, log, book, quarantine });
    lane.start();
    return lane;
  };
  const texts = () => [...quarantined.values()].map(({ text }) => text);
  return { log, book, quarantine, quarantined, texts, commit, commitBody, start };
}
