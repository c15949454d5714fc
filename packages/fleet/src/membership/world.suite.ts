import type { Clock, Random, Timer } from '@breakwater/resilience';
import { seededRandom, VirtualClock } from '@breakwater/resilience/testing';
import { FleetError } from '../fleet-error.js';
import { Contenders } from '../ownership/rendezvous.js';
import { MemberBook } from './member-book.js';
import type { Membership } from './membership.js';
import type { Beat, BeatReply, MembershipStore } from './membership-store.js';
import { membership } from './replica.js';
import type { Standing } from './standing.js';

export const LEASE_MS = 15_000;
export const BEAT_MS = 5_000;
const TIMEOUT_MS = 1_000;
const TARGETS = Array.from({ length: 24 }, (_, index) => `target-${index}`);

/** Which faults each call may meet, as shares of all calls. */
export interface Weather {
  lostRequests: number;
  lostReplies: number;
  late: number;
  lostMessages: number;
}

const FAIR: Weather = { lostRequests: 0, lostReplies: 0, late: 0, lostMessages: 0 };

/** A process's clock: while the process is stopped its timers wait. */
class ProcessClock implements Clock {
  readonly #world: World;
  #stopped = false;
  #waiting: (() => void)[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  now(): number {
    return this.#world.clock.now();
  }

  wall(): number {
    return this.#world.clock.wall();
  }

  after(ms: number, run: () => void): Timer {
    let live = true;
    const timer = this.#world.after(ms, () => this.whenRunning(() => live && run()));
    return {
      [Symbol.dispose]: () => {
        live = false;
        timer[Symbol.dispose]();
      },
    };
  }

  whenRunning(run: () => void): void {
    if (this.#stopped) this.#waiting.push(run);
    else run();
  }

  stop(): void {
    this.#stopped = true;
  }

  continue(): void {
    this.#stopped = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
  }
}

/** One replica, and what it works on. */
export class Process {
  readonly #world: World;
  readonly id: string;
  readonly clock: ProcessClock;
  readonly member: Membership;
  alive = true;
  stopped = false;
  cut = false;
  /** What it was told last, and what it still lets go of. */
  told: Standing = { kind: 'out' };
  #ending: Standing | undefined;
  /** Whether it took everything, and has not yet let go of that as a member again. */
  wasAlone = false;
  /** How often it was alone. */
  #timesAlone = 0;
  /** What it was when it was last looked at: not all of that is its owner told. */
  #seen: Standing = { kind: 'out' };
  /** The members that the store told it last, and whether it takes one of them for dead, or still lets go of what that had. */
  heard: readonly string[] = [];
  isPresuming = false;
  /** Whether it came, or came back from being alone, to a store that had forgotten those who still had leases. */
  isBlind = false;
  readonly standings: { readonly kind: string; readonly atMs: number; readonly sinceMs: number }[] = [];

  constructor(world: World, id: string) {
    this.id = id;
    this.#world = world;
    this.clock = new ProcessClock(world);
    this.member = membership({
      store: world.storeFor(this),
      id,
      leaseMs: LEASE_MS,
      clock: this.clock,
      random: world.random,
      onStanding: async ({ standing, sinceMs }) => {
        const before = this.told;
        this.told = standing;
        this.#ending = before;
        this.standings.push({ kind: standing.kind, atMs: world.clock.wall(), sinceMs });
        this.look();
        const timesAlone = this.#timesAlone;
        const presumes = 'ids' in standing && this.heard.some((id) => !standing.ids.includes(id));
        if (presumes) this.isPresuming = true;
        // In two parts: after a stop the second takes its time all the same.
        for (const share of [400, 400])
          await new Promise<void>((resolve) => this.clock.after(world.random() * share, resolve));
        this.#ending = undefined;
        if ((standing.kind === 'member' || standing.kind === 'unsure') && timesAlone === this.#timesAlone)
          this.wasAlone = false;
        if (!presumes) this.isPresuming = false;
      },
    });
  }

  get running(): boolean {
    return this.alive && !this.stopped;
  }

  /** What it may be at work on at this moment: a bit for each target. */
  get work(): number {
    if (!this.running || !this.member.holds) return 0;
    const id = this.member.id;
    return owns(this.told, id) | (this.#ending === undefined ? 0 : owns(this.#ending, id));
  }

  /**
   * Before and after whatever happens: it may be alone, and back, while its owner still heeds what it was told before, and
   * docs/fleet.md has it keep what it wins for as long as after a word of it: "`member` once all have heard of it".
   */
  look(): void {
    const { standing } = this.member;
    const before = this.#seen;
    if (standing === before) return;
    this.#seen = standing;
    // Nobody else joins with everything, were it alone for no time at all.
    const isBack = standing.kind === 'joining' && standing.kept === 'everything';
    if ('ids' in standing && (isBack || !('ids' in before))) this.isBlind = this.#world.hasForgotten;
    if (standing.kind !== 'alone' && !isBack) return;
    this.#timesAlone++;
    this.wasAlone = true;
  }
}

const ALL = 2 ** TARGETS.length - 1;
const firsts = new Map<string, number>();
const owned = new WeakMap<Standing, Map<string, number>>();

/** The targets that the id comes first for among the ids: a bit for each. */
function firstOf(ids: readonly string[], id: string): number {
  const key = `${id} ${ids.join()}`;
  let bits = firsts.get(key);
  if (bits === undefined) {
    const contenders = new Contenders(ids);
    bits = TARGETS.reduce((sum, target, index) => sum + (contenders.first(target) === id ? 2 ** index : 0), 0);
    firsts.set(key, bits);
  }
  return bits;
}

function owns(standing: Standing, id: string): number {
  const known = owned.get(standing) ?? new Map<string, number>();
  owned.set(standing, known);
  const bits = known.get(id) ?? bitsOf(standing, id);
  known.set(id, bits);
  return bits;
}

function bitsOf(standing: Standing, id: string): number {
  if (standing.kind === 'alone') return ALL;
  if (standing.kind === 'member') return firstOf(standing.ids, id);
  if (standing.kind !== 'joining' || standing.kept === 'nothing') return 0;
  const bits = firstOf(standing.ids, id);
  return standing.kept === 'everything' ? bits : bits & firstOf(standing.kept.ids, id);
}

/** Processes, the store where they meet, and everything that goes wrong between them, in virtual time. */
export class World {
  readonly clock = new VirtualClock();
  readonly random: Random;
  book = new MemberBook();
  weather: Weather = { ...FAIR };
  /** `lost`: nobody reaches it. `stopped`: it answers nobody, and does later what was asked. */
  state: 'up' | 'lost' | 'stopped' = 'up';
  readonly processes: Process[] = [];
  readonly faults: string[] = [];
  /** Whether nothing that was asked is still to come. */
  isLateFree = true;
  forgotMs = Number.NEGATIVE_INFINITY;
  rolledBackMs = Number.NEGATIVE_INFINITY;
  #saved: MemberBook[] = [];
  #waiting: (() => void)[] = [];
  readonly #listeners = new Map<Process, Set<(version: number | undefined) => void>>();

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** Whether somebody may not have come back yet to a store that was emptied. */
  get hasForgotten(): boolean {
    return this.clock.now() < this.forgotMs + LEASE_MS + BEAT_MS;
  }

  after(ms: number, run: () => void): Timer {
    return this.clock.after(ms, () => {
      this.check();
      run();
      this.check();
    });
  }

  start(id: string): Process {
    const process = new Process(this, id);
    this.processes.push(process);
    void process.member.join();
    return process;
  }

  /** The one that was started last under the id, if it lives. */
  running(id: string): Process | undefined {
    return this.processes.findLast((process) => process.id === id && process.alive);
  }

  kill(process: Process): void {
    process.alive = false;
    process.clock.stop();
    this.#listeners.delete(process);
  }

  stop(process: Process): void {
    process.stopped = true;
    process.clock.stop();
  }

  /** Awake again; what it does before anything else runs counts too. */
  continue(process: Process): void {
    if (!process.alive) return;
    process.stopped = false;
    this.check();
    process.clock.continue();
  }

  empty(): void {
    this.book = new MemberBook();
    this.forgotMs = this.clock.now();
  }

  save(): void {
    this.#saved.push(copied(this.book));
  }

  rollBack(): void {
    const saved = this.#saved.pop();
    if (saved === undefined) return;
    this.book = saved;
    this.rolledBackMs = this.clock.now();
  }

  setState(state: 'up' | 'lost' | 'stopped'): void {
    this.state = state;
    if (state !== 'up') return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
  }

  heal(): void {
    this.weather = { ...FAIR };
    this.setState('up');
    for (const process of this.processes) {
      process.cut = false;
      this.continue(process);
    }
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /** Two at work on one target, and nothing that excuses them. */
  check(): void {
    for (const process of this.processes) process.look();
    const workers = this.processes.filter(({ running }) => running).map((process) => ({ process, work: process.work }));
    for (const [index, one] of workers.entries()) {
      for (const other of workers.slice(index + 1)) {
        const both = one.work & other.work;
        if (both !== 0 && !this.#isExcused(one.process, other.process))
          this.faults.push(this.#describe(both, one.process, other.process));
      }
    }
  }

  /** What is wrong once nothing goes wrong any more: undefined when each target has its one owner. */
  unsettled(): string | undefined {
    const living = this.processes.filter(({ running }) => running);
    if (living.length === 0) return undefined;
    const strange = living.find(({ told }) => told.kind !== 'member');
    if (strange !== undefined) return `${strange.member.id} is ${strange.told.kind}`;
    for (const [index, target] of TARGETS.entries()) {
      const workers = living.filter(({ work }) => (work & (2 ** index)) !== 0).map(({ member }) => member.id);
      if (workers.length !== 1) return `${target} belongs to ${workers.join(' and ') || 'nobody'}`;
    }
    return undefined;
  }

  /** Targets at which nobody is at work. */
  silent(): string[] {
    const work = this.processes.reduce((sum, process) => sum | process.work, 0);
    return TARGETS.filter((_, index) => (work & (2 ** index)) === 0);
  }

  storeFor(process: Process): MembershipStore {
    return {
      beat: (beat: Beat) =>
        this.#call<BeatReply>(process, () => {
          const { reply, told } = this.book.beat(beat, Math.floor(this.clock.wall()));
          this.#tell(told);
          return reply;
        }).then((reply) => {
          if (!reply.superseded && reply.ids !== undefined) process.heard = reply.ids;
          return reply;
        }),
      leave: (id, incarnation, stoppedAtMs) =>
        this.#call(process, () =>
          this.#tell(this.book.leave(id, incarnation, stoppedAtMs, Math.floor(this.clock.wall()))),
        ),
      read: () => Promise.resolve({ members: [], damaged: 0 }),
      onChange: (listener) => {
        const listeners = this.#listeners.get(process) ?? new Set();
        this.#listeners.set(process, listeners.add(listener));
        return { [Symbol.dispose]: () => listeners.delete(listener) };
      },
    };
  }

  #call<T>(process: Process, execute: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const settled = (run: () => void) => process.clock.whenRunning(run);
      const fail = (reason: 'unreachable' | 'timeout') => settled(() => reject(new FleetError(reason, reason)));
      if (process.cut || this.state === 'lost') {
        this.after(1, () => fail('unreachable'));
        return;
      }
      const luck = this.random();
      const { lostRequests, lostReplies, late } = this.weather;
      const isLate = luck < late;
      if (isLate) this.isLateFree = false;
      const timeout = this.after(TIMEOUT_MS, () => fail('timeout'));
      if (luck >= late && luck < late + lostRequests) return;
      const answers = luck >= late + lostRequests + lostReplies;
      this.after(isLate ? this.random() * 2 * LEASE_MS : this.random() * 5, () =>
        this.#whenUp(() => {
          const reply = execute();
          if (answers && !process.cut)
            this.after(this.random() * 5, () =>
              settled(() => {
                timeout[Symbol.dispose]();
                resolve(reply);
              }),
            );
        }),
      );
    });
  }

  #whenUp(run: () => void): void {
    if (this.state === 'up') run();
    else if (this.state === 'stopped') this.#waiting.push(run);
  }

  #tell(version: number | undefined): void {
    if (version === undefined) return;
    for (const [process, listeners] of this.#listeners) {
      if (process.cut || this.random() < this.weather.lostMessages) continue;
      this.after(this.random() * 5, () =>
        process.clock.whenRunning(() => {
          for (const listener of listeners) listener(version);
        }),
      );
    }
  }

  /** Where the protocol allows two: was alone, on its own for a member's part, or began with nothing in a store that had forgotten those who still had leases. */
  #isExcused(one: Process, other: Process): boolean {
    if (one.wasAlone || other.wasAlone || one.isPresuming || other.isPresuming) return true;
    if (this.clock.now() < this.rolledBackMs + LEASE_MS + BEAT_MS) return true;
    return this.hasForgotten && (one.isBlind || other.isBlind);
  }

  #describe(both: number, one: Process, other: Process): string {
    const of = ({ member, told }: Process) =>
      `${member.id} (${JSON.stringify(told)}, now ${JSON.stringify(member.standing)})`;
    return `at ${this.clock.now()} ${both.toString(2)} belongs to ${of(one)} and to ${of(other)}`;
  }
}

function copied(book: MemberBook): MemberBook {
  const copy = new MemberBook();
  for (const [id, entry] of book.entries) copy.entries.set(id, entry);
  for (const [run, untilMs] of book.left) copy.left.set(run, untilMs);
  const { epoch, version, removedAtMs, releasedAtMs } = book;
  return Object.assign(copy, { epoch, version, removedAtMs, releasedAtMs });
}
