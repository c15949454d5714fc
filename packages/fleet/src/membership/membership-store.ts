import type { Load } from './load.js';
import type { Member } from './membership.js';

/** What a member tells with each heartbeat. Instants are in ms of the store's clock. */
export interface Beat {
  readonly id: string;
  /** Which run of the process: sorts by its start. */
  readonly incarnation: string;
  /** Counts the beats of an incarnation: one that comes late, after a later one, changes nothing. */
  readonly sequence: number;
  readonly leaseMs: number;
  readonly shares: boolean;
  /** All that the members of this version took over, it has let go of; 0: it cannot say so of any. */
  readonly applied: number;
  /** Until when it still worked for what it let go of, and has not told yet; 0: it let go of nothing. */
  readonly stoppedAtMs: number;
  /** What the last reply said, '' and 0 before it: a store that knows less has forgotten something. */
  readonly epoch: string;
  readonly known: number;
  readonly leaseEndMs: number;
  readonly load?: Load;
}

export interface Admitted {
  readonly superseded: false;
  /** When it was answered. */
  readonly nowMs: number;
  readonly leaseEndMs: number;
  /** Another one than before: the store was emptied, or has an earlier state again. */
  readonly epoch: string;
  /** Grows whenever a sharer comes or goes. */
  readonly version: number;
  /** The version at which this member began to share; 0 when it does not. */
  readonly joined: number;
  /** Until when an earlier run of the same id may still hold something; 0: there was none. */
  readonly waitUntilMs: number;
  /** Every sharer; undefined when it is what the member knows. */
  readonly ids: readonly string[] | undefined;
  /** How many others have not applied `joined` yet. */
  readonly behind: number;
  /** Until when who left or died last had its lease. */
  readonly removedAtMs: number;
  /** When the first stopped working for what it let go of to the latest that joined; 0: nobody did. */
  readonly releasedAtMs: number;
  /** Whose leases end next unless they are renewed, and when: of sharers, 32 at most, the first one first; none for who does not share. */
  readonly leaseEnds: readonly (readonly [id: string, leaseEndMs: number])[];
  /** How many members there are, sharers or not. */
  readonly members: number;
}

/** A younger run has the id: this one counts for nothing any more. */
export interface Superseded {
  readonly superseded: true;
  readonly nowMs: number;
}

export type BeatReply = Admitted | Superseded;

export interface MemberList {
  readonly members: readonly Member[];
  /** Loads that could not be read; their members are in the list, without one. */
  readonly damaged: number;
}

/** Where members meet: one atomic step for each method. Every method may throw a `FleetError`. */
export interface MembershipStore {
  /** Renews a lease, or joins; removes whose lease is over. */
  beat(beat: Beat): Promise<BeatReply>;
  /** Gives the lease up, if this incarnation has it. `stoppedAtMs`: until when it still worked. */
  leave(id: string, incarnation: string, stoppedAtMs: number): Promise<void>;
  /** Everybody, sharer or not. */
  read(): Promise<MemberList>;
  /**
   * Told that a version is there, or that everybody has applied one; `undefined`: something may have been missed. A hint
   * only: what must not be missed comes with the next beat.
   */
  onChange(listener: (version: number | undefined) => void): Disposable;
}

const ID = /^[A-Za-z0-9_.:~-]{1,128}$/;

export const isMemberId = (text: string): boolean => ID.test(text);
