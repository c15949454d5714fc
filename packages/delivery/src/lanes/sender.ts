import { type Clock, Histogram } from '@breakwater/resilience';
import type { Answer, SendRequest } from '../backend/backend.js';
import type { LaneBook } from '../book/lane-book.js';
import { publish } from '../events/events.js';
import type { Destination, Frame } from '../frames/frame.js';
import type { Quarantine } from '../quarantine/quarantine.js';
import { destinationKey } from './destination-holds.js';
import { Dissection, type Piece, pointsOf } from './dissection.js';
import type { LaneGate, Leave } from './gate.js';
import type { Freshness } from './in-flight.js';
import {
  LANE_METRICS,
  outcomeOf,
  REQUEST_OUTCOMES,
  RESENT_REASONS,
  type RequestOutcome,
  type ResentReason,
} from './metrics.js';
import { FrameWork, type Open, type Unfinished, WHOLE } from './work.js';

export interface SenderOptions {
  readonly gate: LaneGate;
  readonly book: LaneBook;
  readonly quarantine: Quarantine;
  /** Every line of the frame has its outcome. */
  readonly onDecided: (work: FrameWork) => void;
  /** These are pending again. */
  readonly onPutBack: (destination: Destination, seqs: readonly number[]) => void;
  /** Something failed here, not at the backend. */
  readonly onTrouble: (what: string, error: unknown) => void;
}

/** One batch under way. */
interface Job {
  readonly destination: Destination;
  readonly freshness: Freshness;
  readonly dissection: Dissection;
  /** Frames whose lines do not all have an outcome, in order. */
  readonly works: Set<FrameWork>;
  workers: number;
  /** No more of it is sent. */
  ended: boolean;
}

// A batch with many bad lines takes many requests: then two at a time.
const MANY_BAD_LINES = 16;
const MOST_WORKERS = 2;

/** Sends batches, and finds out what became of every line. */
export class Sender {
  readonly delays = new Histogram(LANE_METRICS.delay.buckets);
  readonly requests = new Map<RequestOutcome, number>(REQUEST_OUTCOMES.map((outcome) => [outcome, 0]));
  readonly resent = new Map<ResentReason, number>(RESENT_REASONS.map((reason) => [reason, 0]));
  readonly #options: SenderOptions;
  readonly #clock: Clock;
  readonly #jobs = new Set<Job>();
  readonly #unfinished = new Map<number, Unfinished>();
  #stopped = false;
  #whenIdle: Array<() => void> = [];

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#clock = options.gate.clock;
  }

  get isIdle(): boolean {
    return this.#jobs.size === 0;
  }

  /** The first frame under way to such destinations; Infinity: none is. */
  firstSeq(isMeant: (destination: string) => boolean): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { destination, works } of this.#jobs) {
      if (!isMeant(destinationKey(destination))) continue;
      for (const { frame } of works) first = Math.min(first, frame.seq);
    }
    return first;
  }

  /** Sends frames of one destination, which are pending. */
  send(frames: readonly Frame[], freshness: Freshness): void {
    const { book, gate } = this.#options;
    book.take(frames);
    const works = frames.map((frame) => new FrameWork(frame, this.#unfinished.get(frame.seq)));
    for (const { seq } of frames) this.#unfinished.delete(seq);
    const { destination } = frames[0]!.meta;
    const dissection = new Dissection(works, gate.maxBytes);
    const job: Job = { destination, freshness, dissection, works: new Set(works), workers: 0, ended: false };
    this.#jobs.add(job);
    void this.#work(job);
  }

  /** They were acknowledged, and are to be sent again as a whole. */
  rewind(seqs: readonly number[]): void {
    const open: Open[] = [{ span: WHOLE, reason: 'backend-restart' }];
    for (const seq of seqs) this.#unfinished.set(seq, { open, quarantined: 0, stored: undefined });
  }

  /** Forgets what it knows of frames that are nobody's business any more. */
  tidy(): void {
    for (const seq of this.#unfinished.keys()) if (!this.#options.book.isPending(seq)) this.#unfinished.delete(seq);
  }

  /** Resolves when nothing is under way; requests that are get their answer. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (!this.isIdle) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  async #work(job: Job): Promise<void> {
    const { gate } = this.#options;
    const { dissection, destination, freshness } = job;
    job.workers++;
    const place = gate.enter(freshness);
    while (!job.ended && !this.#stopped) {
      const piece = dissection.next();
      if (piece === undefined) break;
      const leave = gate.ask(destination, freshness);
      if (leave === undefined) {
        dissection.putOff(piece);
        job.ended = true;
        break;
      }
      await this.#request(job, piece, leave);
      if (this.#needsHelp(job)) void this.#work(job);
    }
    if (--job.workers === 0) await this.#finish(job);
    place[Symbol.dispose]();
  }

  #needsHelp({ dissection, workers, ended, freshness }: Job): boolean {
    if (ended || dissection.bad < MANY_BAD_LINES || dissection.isEmpty) return false;
    return workers < MOST_WORKERS && this.#options.gate.admits(freshness);
  }

  async #request(job: Job, piece: Piece, leave: Leave): Promise<void> {
    const body = piece.map(({ work, span }) => work.bytes(span));
    const bytes = body.reduce((sum, { length }) => sum + length, 0);
    const points = pointsOf(piece);
    for (const { span, reason } of piece) if (reason !== undefined) bump(this.resent, reason, span[1] - span[0]);
    const onResend = (reason: ResentReason) => bump(this.resent, reason, points);
    const answer = await this.#send({ destination: job.destination, body, bytes, points, onResend });
    bump(this.requests, outcomeOf(answer), 1);
    this.#judge(job, piece, leave, answer, bytes);
    this.#options.gate.answered(leave, answer, points);
    for (const { work } of piece) if (work.isDecided) await this.#decide(job, work);
  }

  async #send(request: SendRequest): Promise<Answer> {
    const { backend, settings } = this.#options.gate;
    const controller = new AbortController();
    const timer = this.#clock.after(settings.timeoutMs, () => controller.abort());
    const answer = await backend.send(request, controller.signal);
    timer[Symbol.dispose]();
    const tookTooLong = controller.signal.aborted && answer.kind === 'hold' && answer.reason === 'network';
    return tookTooLong ? { ...answer, reason: 'timeout', words: `no answer after ${settings.timeoutMs} ms` } : answer;
  }

  #judge(job: Job, piece: Piece, leave: Leave, answer: Answer, bytes: number): void {
    const { dissection } = job;
    if (answer.kind === 'stored') {
      dissection.stored(piece);
      for (const { work, span } of piece) work.storedSpan(span, leave.epoch);
    } else if (answer.kind === 'hold') {
      dissection.putOff(piece, answer.reason);
      job.ended = true;
    } else {
      const refused = answer.kind === 'bad-lines' ? dissection.refused(piece) : dissection.tooLarge(piece, bytes);
      if (refused !== undefined) refused.work.refusedLine(refused.span[0], answer.words);
      else if (answer.kind === 'too-large') this.#options.gate.tooLarge(bytes);
    }
  }

  /** Every line of the frame has an outcome. */
  async #decide(job: Job, work: FrameWork): Promise<void> {
    if (!job.works.delete(work)) return;
    const { seq, acceptedAtMs } = work.frame;
    const reopened = await this.#quarantine(work);
    if (reopened.length > 0) return this.#putBack(job, [{ work, open: reopened }]);
    if (work.stored !== undefined) this.delays.observe(Math.max(0, this.#clock.wall() - acceptedAtMs) / 1_000);
    this.#unfinished.delete(seq);
    this.#options.onDecided(work);
  }

  /** Resolves when what was refused is on disk; to the lines that have to be sent again because it could not be. */
  async #quarantine(work: FrameWork): Promise<Open[]> {
    const refused = work.takeRefused();
    if (refused.length === 0) return [];
    const { seq, acceptedAtMs, meta } = work.frame;
    const { gate, quarantine, onTrouble } = this.#options;
    const common = { seq, acceptedAtMs, destination: meta.destination, quarantinedAtMs: this.#clock.wall() };
    try {
      await quarantine.add(refused.map(({ line, words }) => ({ ...common, line, words, ...work.line(line) })));
    } catch (error) {
      onTrouble(`the quarantine of ${gate.backend.id} cannot be written; its lines are sent again`, error);
      return refused.map(({ line }) => ({ span: [line, line + 1], reason: 'bad-lines' }));
    }
    work.quarantined += refused.length;
    const { words } = refused[0]!;
    publish({ type: 'lane.quarantined', backend: gate.backend.id, points: refused.length, words });
    return [];
  }

  /** The job is over: what has no outcome is pending again. */
  async #finish(job: Job): Promise<void> {
    const rest = job.dissection.rest();
    const left = [...job.works].sort((one, other) => one.frame.seq - other.frame.seq);
    const works: Array<{ work: FrameWork; open: Open[] }> = [];
    for (const work of left) works.push({ work, open: [...(rest.get(work) ?? []), ...(await this.#quarantine(work))] });
    if (works.length > 0) this.#putBack(job, works);
    this.#jobs.delete(job);
    if (this.isIdle) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #putBack({ destination }: Job, works: ReadonlyArray<{ work: FrameWork; open: readonly Open[] }>): void {
    for (const { work, open } of works) {
      const { quarantined, stored } = work;
      const isUntouched = stored === undefined && open.every(({ reason }) => reason === undefined);
      if (!isUntouched) this.#unfinished.set(work.frame.seq, { open, quarantined, stored });
    }
    const frames = works.map(({ work }) => work.frame);
    this.#options.book.putBack(frames);
    this.#options.onPutBack(
      destination,
      frames.map(({ seq }) => seq),
    );
  }
}

function bump<K>(counts: Map<K, number>, key: K, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
