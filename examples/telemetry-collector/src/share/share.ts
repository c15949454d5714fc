import { type OnStanding, type Owner, Ownership, type Standing } from '@breakwater/fleet';
import type { Clock, Measured, Recorder } from '@breakwater/resilience';
import type { Collector, TakenUp } from '../flow/collector.js';
import { lateness } from '../flow/schedule.js';
import type { TargetChanges } from '../targets/changes.js';
import { Slices } from '../targets/slices.js';
import type { Target } from '../targets/target.js';

export interface ShareOptions {
  /** Polls what is this replica's own. */
  collector: Collector;
  /** Who this replica is. */
  self: { readonly id: string };
  clock: Clock;
}

/**
 * The targets file as the replicas of a fleet share it: it knows all targets, and the collector those that are its own.
 * What is lost is released at once; what is gained is taken up in slices, so that a hundred thousand targets that move
 * do not hold up the event loop.
 */
export class Share implements Measured {
  readonly #collector: Collector;
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #ownership: Ownership;
  /** Every target, in the order of the targets file. */
  readonly #targets = new Map<string, Target>();
  /** What was gained and is not taken up yet, and since when it is its own. */
  readonly #coming = new Map<string, number>();
  #takingUp = false;

  constructor({ collector, self, clock }: ShareOptions) {
    this.#collector = collector;
    this.#clock = clock;
    this.#startedMs = clock.wall();
    this.#ownership = new Ownership(self);
  }

  /** How many targets there are, whoever polls them. */
  get size(): number {
    return this.#targets.size;
  }

  get standing(): Standing {
    return this.#ownership.standing;
  }

  has(name: string): boolean {
    return this.#targets.has(name);
  }

  /** Every target, whoever polls it, in the order of the targets file. */
  targets(): IterableIterator<Target> {
    return this.#targets.values();
  }

  /** Who polls the target, and why; undefined when there is none of that name. */
  ownerOf(name: string): Owner | undefined {
    return this.#ownership.of(name);
  }

  /** Takes over what has changed in the targets file. */
  apply({ added, changed, removed }: TargetChanges): void {
    for (const { name } of removed) this.#coming.delete(name);
    this.#ownership.remove(removed.map(({ name }) => name));
    for (const { name } of removed) this.#targets.delete(name);
    for (const target of [...added, ...changed]) this.#targets.set(target.name, target);
    // All that was removed, as the collector remembers what it released.
    this.#collector.apply({ added: [], changed: changed.filter(({ name }) => this.#collector.has(name)), removed });
    this.#gain(this.#ownership.add(added.map(({ name }) => name)), this.#clock.wall());
  }

  /** What the membership tells: resolves when nothing that is not its own any more is being polled. */
  readonly onStanding: OnStanding = async ({ standing, sinceMs }, signal) => {
    const { gained, lost } = this.#ownership.apply(standing);
    if (this.#coming.size > 0) for (const name of lost) this.#coming.delete(name);
    const { over, end } = this.#collector.release(lost);
    // Its lease is over already: another may poll them at this moment.
    if (standing.kind === 'unsure' || signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    this.#gain(gained, sinceMs);
    await over;
    signal.removeEventListener('abort', end);
  };

  #gain(names: readonly string[], sinceMs: number): void {
    for (const name of names) this.#coming.set(name, sinceMs);
    void this.#takeUp();
  }

  async #takeUp(): Promise<void> {
    if (this.#takingUp) return;
    this.#takingUp = true;
    try {
      const slices = new Slices();
      this.#collector.takeUp(this.#slice(slices));
      while (this.#coming.size > 0) {
        await slices.rest();
        this.#collector.takeUp(this.#slice(slices));
      }
    } finally {
      this.#takingUp = false;
    }
  }

  *#slice(slices: Slices): Generator<TakenUp> {
    for (const [name, ownSinceMs] of this.#coming) {
      this.#coming.delete(name);
      const target = this.#targets.get(name)!;
      // Turns that no start could have been in time for are nobody's fault here.
      const sinceMs = Math.max(ownSinceMs, this.#startedMs - lateness(target.intervalMs));
      yield { target, sinceMs };
      if (slices.due) return;
    }
  }

  measure(record: Recorder): void {
    this.#ownership.measure(record);
  }
}
