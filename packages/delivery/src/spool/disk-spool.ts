import { type Clock, ConfigError, type Random, type Recorder, systemClock, type Timer } from '@breakwater/resilience';
import { publish } from '../events/events.js';
import { IntakeAccount } from '../intake/account.js';
import type { IntakeClosure } from '../intake/intake.js';
import { LogIntake } from '../intake/log-intake.js';
import { LaneGate } from '../lanes/gate.js';
import type { LaneStatus } from '../lanes/lane.js';
import { disk, type Storage } from '../storage/storage.js';
import { type CapsPlan, type LaneNeed, planCaps, type WhenFull } from './caps.js';
import { makeFolders } from './folders.js';
import { handOverSlot } from './hand-over.js';
import { inTurn } from './in-turn.js';
import { SPOOL_METRICS } from './metrics.js';
import { Slot } from './slot.js';
import { AbandonedSlots, firstFreeSlot, type LockedSlot } from './slots.js';
import type { DrainOptions, DrainReport, HandOver, Spool, SpoolOptions } from './spool.js';
import { sumUp } from './status.js';

const MIB = 1024 * 1024;
const TEND_MS = 250;
/** Orphans, age and abandoned folders are looked after once in so many rounds. */
const SELDOM = 40;
const FULL_RETRY_MS = 2_000;
const MOST_SEGMENTS = 4_096;

interface Settings {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly whenFull: WhenFull;
  readonly segmentBytes: number;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
}

/** A spool on the disk of this machine. */
export class DiskSpool implements Spool {
  readonly directory: string;
  readonly intake: LogIntake;
  readonly #settings: Settings;
  readonly #gates: ReadonlyMap<string, LaneGate>;
  readonly #own: Slot;
  readonly #adopted: Slot[] = [];
  readonly #abandoned: AbandonedSlots;
  /** What the wall clock said when the monotonic one began. */
  readonly #bornMs: number;
  #timer: Timer | undefined;
  #tending: Promise<void> = Promise.resolve();
  #round = 0;
  #isDraining = false;
  #isEnding = false;
  #closed: Promise<void> | undefined;

  private constructor(
    options: SpoolOptions,
    settings: Settings,
    gates: ReadonlyMap<string, LaneGate>,
    own: Slot,
    account: IntakeAccount,
  ) {
    this.directory = own.path;
    this.#settings = settings;
    this.#gates = gates;
    this.#own = own;
    this.#bornMs = settings.clock.wall() - settings.clock.now();
    this.#abandoned = new AbandonedSlots(options.directory, settings.storage, settings.clock);
    this.intake = new LogIntake({
      log: own.log,
      account,
      lanes: [...gates.keys()],
      maxBytes: settings.maxBytes,
      full: (bytes) => this.#full(bytes),
      onChange: announce,
    });
  }

  static async open(options: SpoolOptions): Promise<DiskSpool> {
    const settings = settingsOf(options);
    const { clock, random, storage } = settings;
    await makeFolders(options.directory, storage);
    const gates = new Map(
      options.backends.map((backend) => [backend.id, new LaneGate({ backend, settings: options, clock, random })]),
    );
    const account = new IntakeAccount();
    const free = await firstFreeSlot(options.directory, storage);
    const own = await openSlot(settings, gates, free, (points) => account.accept(points));
    const spool = new DiskSpool(options, settings, gates, own, account);
    own.start();
    spool.#arm();
    return spool;
  }

  lanes(): readonly LaneStatus[] {
    return [...this.#gates.keys()].map((backend) => sumUp(backend, this.#statuses(backend)));
  }

  async drain({ deliverMs, timeoutMs, handOver }: DrainOptions): Promise<DrainReport> {
    this.#isDraining = true;
    const { clock } = this.#settings;
    const ending = new AbortController();
    using _end = clock.after(timeoutMs, () => ending.abort());
    // Somebody is told of these yet that they are accepted.
    await before(ending.signal, this.intake.shut());
    await this.#settled(deliverMs, ending.signal);
    let handedOverPoints = 0;
    if (handOver !== undefined && this.#slots().some(({ isOwed }) => isOwed)) {
      await before(ending.signal, this.#tending);
      const slots = this.#slots();
      const atRest = Promise.all(slots.map((slot) => slot.stop()));
      // A backend that does not answer must not take the time from what is not on its way to it.
      for (const slot of slots) handedOverPoints += await handOverFrom(slot, handOver, ending.signal);
      await before(ending.signal, atRest);
      if (!ending.signal.aborted) {
        for (const slot of slots) slot.rewind();
        for (const slot of slots) handedOverPoints += await handOverFrom(slot, handOver, ending.signal);
      }
    }
    return { handedOverPoints, left: this.#left() };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#isEnding = true;
    await this.intake.shut();
    this.#timer?.[Symbol.dispose]();
    await this.#tending;
    const ends = this.#slots().map((slot) => async () => {
      const sweep = () => slot.sweep({ active: !slot.isOwed });
      await inTurn([() => slot.stop(), () => attempt(`sweeping ${slot.name}`, sweep), () => slot.close()]);
    });
    await inTurn([
      ...ends,
      ...[...this.#gates.values()].map(
        ({ backend }) =>
          () =>
            backend.close(),
      ),
    ]);
  }

  measure(record: Recorder): void {
    this.intake.measure(record);
    for (const slot of this.#slots()) slot.measure(record);
    for (const gate of this.#gates.values()) {
      gate.measure(record);
      gate.backend.measure(record);
    }
    record(SPOOL_METRICS.slots, {}, this.#slots().length);
  }

  #slots(): Slot[] {
    return [...this.#adopted, this.#own];
  }

  #statuses(backend: string): LaneStatus[] {
    return this.#slots().flatMap((slot) =>
      [...slot.lanes].flatMap(({ id, lane }) => (id === backend && lane !== undefined ? [lane.status()] : [])),
    );
  }

  async #settled(ms: number, ending: AbortSignal): Promise<void> {
    const giveUp = new AbortController();
    using _timer = this.#settings.clock.after(ms, () => giveUp.abort());
    const signal = AbortSignal.any([giveUp.signal, ending]);
    const lanes = this.#slots().flatMap((slot) => [...slot.lanes].flatMap(({ lane }) => lane ?? []));
    for (const lane of lanes) lane.hurry();
    await Promise.all(lanes.map((lane) => lane.settled(signal)));
  }

  #left(): Map<string, number> {
    return new Map(
      this.lanes().flatMap(({ backend, pendingPoints, heldPoints }) => {
        const points = pendingPoints + heldPoints;
        return points > 0 ? [[backend, points] as const] : [];
      }),
    );
  }

  #arm(): void {
    if (this.#isEnding) return;
    this.#timer = this.#settings.clock.after(TEND_MS, () => {
      this.#tending = this.#tend().catch((error: unknown) => trouble('tending the log', error));
      void this.#tending.then(() => this.#arm());
    });
  }

  /** One round: expire, put the books on disk, delete what nobody needs; now and then look for what others left. */
  async #tend(): Promise<void> {
    const isSeldom = this.#round++ % SELDOM === 0;
    if (isSeldom) for (const slot of this.#slots()) await this.#tidy(slot);
    this.#enforce(0);
    this.intake.look();
    for (const slot of this.#slots()) {
      // A folder that cannot be written must not keep the others from it.
      await attempt(`looking after ${slot.name}`, async () => {
        await slot.keep();
        await slot.sweep({ active: slot.log.closure === 'disk-full' });
      });
    }
    await this.#own.knock();
    await this.#finish();
    if (isSeldom && !this.#isEnding && !this.#isDraining) await this.#adopt();
  }

  /** Gives up what is too old, and orphaned lanes that are owed nothing, or that the operator has released. */
  async #tidy(slot: Slot): Promise<void> {
    const { clock, maxAgeMs } = this.#settings;
    // A wall clock that was set forward makes nothing old: as much time has passed as the monotonic one says.
    const wallMs = Math.min(clock.wall(), this.#bornMs + clock.now());
    slot.expireBefore(wallMs - maxAgeMs);
    await attempt(`looking after the lanes of ${slot.name}`, () => slot.tendOrphans());
  }

  /** Gives up folders of others in which nobody here is owed anything any more. */
  async #finish(): Promise<void> {
    for (const slot of this.#adopted.filter(({ isOwed }) => !isOwed)) {
      this.#adopted.splice(this.#adopted.indexOf(slot), 1);
      this.#abandoned.passOver(slot.path);
      await attempt(`giving up ${slot.name}`, () => inTurn([() => slot.sweep({ active: true }), () => slot.close()]));
      publish({ type: 'slot.finished', slot: slot.name });
    }
  }

  async #adopt(): Promise<void> {
    const held = new Set(this.#slots().map(({ path }) => path));
    const found = await this.#abandoned.next(held);
    if (found === undefined) return;
    const slot = await openSlot(this.#settings, this.#gates, found, undefined).catch((error: unknown) => {
      this.#abandoned.passOver(found.path);
      throw error;
    });
    this.#adopted.push(slot);
    // Where nothing else is owed it is given up at once.
    await this.#tidy(slot);
    if (!slot.isOwed) return;
    publish({ type: 'slot.adopted', slot: slot.name });
    slot.start();
  }

  /** Carries out what the caps ask for, as if so many bytes more were there. */
  #enforce(incoming: number): CapsPlan {
    const { maxBytes, whenFull } = this.#settings;
    const plan = planCaps(this.#needs(), { maxBytes, whenFull, incoming });
    for (const { lane, segments } of plan.expire) {
      for (const { slot: name, id } of segments) {
        this.#slots()
          .find((slot) => slot.name === name)!
          .expire(lane, id, 'size');
      }
    }
    return plan;
  }

  #needs(): LaneNeed[] {
    const needs = new Map<string, LaneNeed>();
    for (const slot of this.#slots()) {
      for (const lane of slot.lanes) {
        const segments = [...(needs.get(lane.id)?.segments ?? []), ...slot.needsOf(lane)];
        needs.set(lane.id, { lane: lane.id, isOrphan: lane.isOrphan, segments });
      }
    }
    return [...needs.values()];
  }

  #full(bytes: number): IntakeClosure | undefined {
    const { maxBytes } = this.#settings;
    // Far from the cap nothing has to be added up.
    const inFiles = this.#slots().reduce(
      (sum, { log }) => sum + log.segments().reduce((all, each) => all + each.bytes, 0),
      0,
    );
    if (inFiles + bytes <= maxBytes) return undefined;
    if (!this.#enforce(bytes).isFull) return undefined;
    const message = `every backend is owed as much as the log may hold (${maxBytes} bytes); it goes on when one of them takes points`;
    return { reason: 'log-full', message, retryAfterMs: FULL_RETRY_MS };
  }
}

function openSlot(
  settings: Settings,
  gates: ReadonlyMap<string, LaneGate>,
  { path, lock }: LockedSlot,
  onAccepted: ((points: number) => void) | undefined,
): Promise<Slot> {
  const { segmentBytes, storage, clock } = settings;
  const isOwn = onAccepted !== undefined;
  return Slot.open({
    path,
    lock,
    gates,
    segmentBytes,
    isOwn,
    storage,
    clock,
    onAccepted: onAccepted ?? (() => {}),
  }).catch(async (error: unknown) => {
    await lock.release();
    throw error;
  });
}

/** Returns how many points were taken; what fails leaves its points where they are. */
async function handOverFrom(slot: Slot, handOver: HandOver, signal: AbortSignal): Promise<number> {
  let points = 0;
  const failed = (error: unknown) => trouble(`hand-over of ${slot.name}`, error);
  const taken = (more: number) => {
    points += more;
  };
  await handOverSlot(slot, handOver, { signal, taken, failed }).catch(failed);
  await slot.save().catch(failed);
  return points;
}

/** Resolves with the promise, or once the signal is aborted. */
async function before(signal: AbortSignal, promise: Promise<unknown>): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([promise, aborted]);
}

function settingsOf(options: SpoolOptions): Settings {
  const { maxBytes = 1024 * MIB, maxAgeMs = 7 * 86_400_000, backends } = options;
  const ids = backends.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (backends.length === 0) throw new ConfigError('spool: no backend is given; there must be one at least');
  if (twice !== undefined) throw new ConfigError(`spool: ${twice} is given twice; a backend has one lane`);
  return {
    maxBytes: atLeast('maxBytes', maxBytes, MIB),
    maxAgeMs: atLeast('maxAgeMs', maxAgeMs, 1_000),
    whenFull: options.whenFull ?? 'block',
    segmentBytes: atLeast('segmentBytes', options.segmentBytes ?? usualSegment(maxBytes), 4_096),
    storage: options.storage ?? disk,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  };
}

/** Enough of them that a cap can be kept to, and no more than can be looked through for every batch. */
const usualSegment = (maxBytes: number): number =>
  Math.floor(Math.max(Math.min(16 * MIB, maxBytes / 8), maxBytes / MOST_SEGMENTS));

function atLeast(option: string, value: number, least: number): number {
  if (Number.isFinite(value) && value >= least) return value;
  throw new ConfigError(`spool: ${option} is ${value}; it must be at least ${least}`);
}

function announce(closure: IntakeClosure | undefined): void {
  if (closure === undefined) publish({ type: 'intake.opened' });
  else publish({ type: 'intake.closed', reason: closure.reason, message: closure.message });
}

const trouble = (what: string, error: unknown): void => publish({ type: 'trouble', what, error });

const attempt = (what: string, act: () => Promise<unknown>): Promise<unknown> =>
  act().catch((error: unknown) => trouble(what, error));
