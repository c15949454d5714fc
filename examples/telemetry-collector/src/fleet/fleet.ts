import type { LinkState, Load, Member, Membership, OnStanding, RedisLink, Standing } from '@breakwater/fleet';
import type { Clock, Measured, Recorder } from '@breakwater/resilience';
import { presentable } from '../flow/turn-error.js';

/** What this collector brings into its fleet. */
export interface Joining {
  /** Its name there; stays the same over restarts. */
  readonly id: string;
  /** What its heartbeats say of it. */
  readonly load: () => Load;
  /** Told what it may take for its own. */
  readonly onStanding: OnStanding;
}

export interface FleetOptions {
  /** The fleet's name. */
  name: string;
  link: Pick<RedisLink, 'address' | 'state' | 'close'>;
  membership: (joining: Joining) => Membership;
  /** Told of errors that are ours. */
  onError: (error: unknown, what: string) => void;
  clock: Clock;
  /** What has metrics beside the membership. */
  measured?: readonly Measured[];
}

/** The members with their loads, as Redis knew them at one moment. */
export interface Roll {
  readonly atMs: number;
  readonly members: readonly Member[];
}

/** Why the members are not known. */
export interface RollFailure {
  readonly atMs: number;
  readonly failure: string;
}

/** What `out` means before `join`. */
const OUT: Standing = { kind: 'out' };
/** A membership that does not end holds up nobody for longer. */
const LEAVING_MS = 5_000;
/** Whoever asks more often gets the same answer: many that watch are not to keep Redis busy. */
const READ_EVERY_MS = 1_000;

/** This collector among those that it shares the targets with. Nothing of it fails, or waits for a Redis that is away. */
export class Fleet implements Measured {
  readonly name: string;
  readonly #options: FleetOptions;
  #membership: Membership | undefined;
  #joined: Promise<void> = Promise.resolve();
  #left: Promise<void> | undefined;
  #roll: Promise<Roll | RollFailure> | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.name = options.name;
  }

  /** Empty before it joined. Another than it was given where two collectors were given one. */
  get id(): string {
    return this.#membership?.id ?? '';
  }

  get standing(): Standing {
    return this.#membership?.standing ?? OUT;
  }

  /** Whether the standing holds at this moment. */
  get holds(): boolean {
    return this.#membership?.holds ?? true;
  }

  /** Who takes part, as far as it is known here, itself included. */
  get ids(): readonly string[] {
    return this.#membership?.ids ?? [this.id];
  }

  get redis(): { readonly address: string; readonly state: LinkState } {
    const { address, state } = this.#options.link;
    return { address, state };
  }

  /** Takes part from now on; resolves after the first attempt, whatever came of it. */
  join(joining: Joining): Promise<void> {
    this.#membership = this.#options.membership(joining);
    this.#joined = this.#guarded('joining the fleet', this.#membership.join());
    return this.#joined;
  }

  /**
   * Nothing is polled here any more: others may take over what fell due since `stoppedMs`, default now. Can be called
   * twice, and before `join`.
   */
  leave(stoppedMs?: number): Promise<void> {
    this.#left ??= this.#guarded('leaving the fleet', this.#leave(stoppedMs));
    return this.#left;
  }

  #leave(stoppedMs: number | undefined): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      const limit = clock.after(LEAVING_MS, () => reject(new Error(`it took more than ${LEAVING_MS} ms`)));
      void this.#joined
        .then(() => this.#membership?.leave(stoppedMs))
        .then(resolve, reject)
        .finally(() => limit[Symbol.dispose]());
    });
  }

  async #guarded(what: string, doing: Promise<void> | undefined): Promise<void> {
    try {
      await doing;
    } catch (error) {
      this.#options.onError(error, what);
    }
  }

  /** Every member with its load, not older than a second; or in words why that is not known. */
  roll(): Promise<Roll | RollFailure> {
    const nowMs = this.#options.clock.now();
    if (this.#roll === undefined || nowMs - this.#readAtMs >= READ_EVERY_MS) {
      this.#readAtMs = nowMs;
      this.#roll = this.#read();
    }
    return this.#roll;
  }

  async #read(): Promise<Roll | RollFailure> {
    const { clock } = this.#options;
    try {
      const members = (await this.#membership?.read()) ?? [];
      return { atMs: clock.wall(), members };
    } catch (error) {
      return { atMs: clock.wall(), failure: presentable(error instanceof Error ? error.message : String(error)) };
    }
  }

  measure(record: Recorder): void {
    this.#membership?.measure(record);
    for (const each of this.#options.measured ?? []) each.measure(record);
  }

  /** Gives up the connection, once it left. */
  async close(): Promise<void> {
    await this.#guarded('closing the connection to Redis', this.#options.link.close());
  }
}
