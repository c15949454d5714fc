import type { Measured } from '@breakwater/resilience';
import type { Load } from './load.js';
import type { Standing } from './standing.js';

/** What somebody who owns things by membership is told. */
export interface StandingChange {
  readonly standing: Standing;
  /**
   * From which wall-clock instant (epoch ms of this machine) on what is gained is its own: the former owner's lease or
   * release ended then. Turns that fell due since are its own to take.
   */
  readonly sinceMs: number;
}

/**
 * Called at each change, one after the other. It stops what the new standing does not allow any more before it first
 * awaits; the promise resolves when nothing of that runs any more (`signal` aborts when that takes too long: end it
 * then). Only after that do the others hear that it let go.
 */
export type OnStanding = (change: StandingChange, signal: AbortSignal) => Promise<void> | void;

/** One member of the fleet, as everybody with its load. */
export interface Member {
  readonly id: string;
  /** When its lease ends unless it is renewed, in epoch ms of Redis' clock. */
  readonly leaseEndsAt: number;
  readonly load: Load;
}

/** This replica's place in the fleet. */
export interface Membership extends Measured {
  readonly id: string;
  readonly standing: Standing;
  /** The ids that it takes for alive, itself included, sorted; as last known while Redis is lost. */
  readonly ids: readonly string[];
  /**
   * Whether the standing still holds at this moment: asked right before each act that only an owner may do, since a
   * process that was stopped (SIGSTOP, a long pause) wakes up without its lease. No I/O.
   */
  readonly holds: boolean;
  /** Starts the heartbeats; resolves after the first attempt, whatever came of it. */
  join(): Promise<void>;
  /**
   * Says that it let go of everything, so that others take over at once; Redis being lost does no harm. `stoppedMs`: from
   * which wall-clock instant on nothing was begun any more, which is theirs to take; default now.
   */
  leave(stoppedMs?: number): Promise<void>;
  /** Every member with its load: what a leader and a console read. @throws FleetError */
  read(): Promise<readonly Member[]>;
}
