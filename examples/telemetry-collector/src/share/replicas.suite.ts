import { type Membership, type MembershipStore, membership, type Standing } from '@breakwater/fleet';
import type { Context } from '@breakwater/resilience';
import { settle } from '@breakwater/resilience/testing';
import { makeCollector } from '../flow/collector-rig.suite.js';
import { offsetOf } from '../flow/offset.js';
import { probeOf, READING } from '../flow/rig.suite.js';
import { ProbeError } from '../probes/probe.js';
import type { Target } from '../targets/target.js';
import { Share } from './share.js';

export const STEP_MS = 100;

/** One polling of a target: by whom, and from when to when. */
export interface Poll {
  readonly replica: string;
  readonly target: string;
  readonly fromMs: number;
  toMs: number;
}

/** A collector that shares its targets, with a clock of its own and a membership that is as the test says. */
export class Replica {
  readonly id: string;
  readonly share: Share;
  readonly rig: ReturnType<typeof makeCollector>;
  /** What a test says of its standing. */
  holds = true;
  /** Asked instead, where it has one. */
  membership: Membership | undefined;
  /** Its process stands still, or is gone. */
  stopped = false;

  constructor(id: string, targets: readonly Target[], polls: Poll[], answersMs: (target: Target) => number) {
    this.id = id;
    this.rig = makeCollector({
      slots: 100,
      holds: () => this.membership?.holds ?? this.holds,
      createProbe: (target) => probeOf((context) => this.#poll(target, polls, answersMs(target), context)),
    });
    const { collector, clock } = this.rig;
    this.share = new Share({ collector, self: this, clock });
    this.share.apply({ added: targets, changed: [], removed: [] });
    collector.start();
  }

  /** Has taken up all that is its own: in slices of real time, however the virtual one stands. */
  async settled(): Promise<void> {
    const isSettled = () =>
      [...this.share.targets()].every(({ name }) => this.share.ownerOf(name)?.mine === this.rig.collector.has(name));
    while (!isSettled()) await settle();
  }

  /** Meets the others in the store, as a process of its own would. */
  async join(store: MembershipStore, leaseMs: number): Promise<void> {
    const { clock } = this.rig;
    const { onStanding } = this.share;
    this.membership = membership({ store, id: this.id, leaseMs, onStanding, clock, random: () => 0.5 });
    await this.membership.join();
  }

  get wallMs(): number {
    return this.rig.clock.wall();
  }

  async tell(standing: Standing, sinceMs = this.wallMs, signal = new AbortController().signal): Promise<void> {
    await this.share.onStanding({ standing, sinceMs }, signal);
    await this.settled();
  }

  async #poll(target: Target, polls: Poll[], ms: number, { signal }: Context) {
    const { clock } = this.rig;
    const poll: Poll = { replica: this.id, target: target.name, fromMs: clock.wall(), toMs: Number.POSITIVE_INFINITY };
    polls.push(poll);
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        timer[Symbol.dispose]();
        reject(new ProbeError('timeout', 'told to stop'));
      };
      const timer = clock.after(ms, () => {
        signal.removeEventListener('abort', leave);
        resolve();
      });
      signal.addEventListener('abort', leave, { once: true });
    }).finally(() => {
      poll.toMs = clock.wall();
    });
    return [READING];
  }
}

/** Replicas whose clocks go together, in steps; of one that stands still only the clock goes on. */
export class Replicas {
  readonly all: Replica[] = [];
  readonly polls: Poll[] = [];
  readonly targets: readonly Target[];
  readonly #answersMs: (target: Target) => number;
  wallMs: number = Date.UTC(2026, 0, 1);
  readonly startedMs: number = this.wallMs;

  constructor(targets: readonly Target[], answersMs: (target: Target) => number = () => 5) {
    this.targets = targets;
    this.#answersMs = answersMs;
  }

  add(id: string): Replica {
    const replica = new Replica(id, this.targets, this.polls, this.#answersMs);
    replica.rig.clock.stall(this.wallMs - this.startedMs);
    this.all.push(replica);
    return replica;
  }

  async advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      for (const { stopped, rig } of this.all) {
        if (stopped) rig.clock.stall(STEP_MS);
        else await rig.clock.advance(STEP_MS);
      }
      for (const each of this.all) await each.settled();
      this.wallMs += STEP_MS;
    }
    await settle();
  }

  /** The instants in (fromMs, toMs] at which the target has turns. */
  instants(target: Target, fromMs: number = this.startedMs, toMs: number = this.wallMs): number[] {
    const { intervalMs } = target;
    const offsetMs = offsetOf(target.name, intervalMs);
    const first = Math.floor((fromMs - offsetMs) / intervalMs) + 1;
    const last = Math.floor((toMs - offsetMs) / intervalMs);
    return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * intervalMs + offsetMs);
  }

  /** The instants of the target's points, over all replicas, in their order. */
  points(target: Target, outcome = '(\\w|-)+'): number[] {
    const line = new RegExp(`^${target.name} ${outcome} (\\d+)$`);
    return this.all
      .flatMap(({ rig }) => rig.sink.lines.filter((each) => !each.includes(' reading ')))
      .flatMap((each) => line.exec(each)?.at(-1) ?? [])
      .map(Number)
      .sort((one, other) => one - other);
  }

  /** Pollings of one target by two replicas at once. */
  clashes(): Array<[Poll, Poll]> {
    const clashes: Array<[Poll, Poll]> = [];
    for (const [index, one] of this.polls.entries()) {
      for (const other of this.polls.slice(index + 1)) {
        if (one.target !== other.target || one.replica === other.replica) continue;
        if (one.fromMs < other.toMs && other.fromMs < one.toMs) clashes.push([one, other]);
      }
    }
    return clashes;
  }
}
