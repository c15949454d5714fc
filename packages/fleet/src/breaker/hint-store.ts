/** What a replica says about one key. `period` is the opening that it means: a verdict on an older one changes nothing. */
export type Say =
  /** Calls fail here: stands for `forMs`. Should it make up the quorum, the key is open for `openMs`. */
  | {
      readonly verb: 'strike';
      readonly key: string;
      readonly forMs: number;
      readonly openMs: number;
      readonly attempts: number;
    }
  /** Takes its strike back. */
  | { readonly verb: 'relief'; readonly key: string }
  /** Its probes went well. */
  | { readonly verb: 'closed'; readonly key: string; readonly period: number }
  /** Its probe failed: the probe lease goes back, and the key stays open for `openMs` more. */
  | {
      readonly verb: 'failed';
      readonly key: string;
      readonly period: number;
      readonly openMs: number;
      readonly attempts: number;
    }
  /** Wants the probe lease, or to keep it. */
  | { readonly verb: 'probe'; readonly key: string; readonly period: number; readonly leaseMs: number }
  /** Gives the probe lease back without a verdict. */
  | { readonly verb: 'yield'; readonly key: string };

export interface HintRequest {
  readonly member: string;
  /** What was read before: the store's epoch and the version up to which all is known. 0: reads everything. */
  readonly epoch: string;
  readonly since: number;
  /** Strikes of so many members open a key. */
  readonly quorum: number;
  /** Strikes of members that were not heard of for so long do not count. */
  readonly silentMs: number;
  readonly says: readonly Say[];
}

/** A key that is open in the fleet, or was until not long ago. */
export interface Hint {
  readonly key: string;
  readonly state: 'open' | 'closed';
  /** Names this opening, or this closing; later ones have higher numbers. */
  readonly period: number;
  /** Until the open time is up; negative when it has been for so long. */
  readonly leftMs: number;
  /** How many times in a row it has opened without closing. */
  readonly attempts: number;
  /** Who has the probe lease, '' for nobody, and for how long it still has it. */
  readonly holder: string;
  readonly leaseMs: number;
}

export interface HintReply {
  readonly epoch: string;
  /** All up to this version is known now, if there is no more. */
  readonly version: number;
  /** What was known before is void: only what this reply and those that follow it name is open. */
  readonly full: boolean;
  readonly more: boolean;
  /** Members heard of within `silentMs`, the caller included. */
  readonly members: number;
  /** Strikes that found no room. */
  readonly refused: number;
  /** What changed, and what was asked for. */
  readonly hints: readonly Hint[];
  /** Parts of the reply that no store of ours would give. */
  readonly damaged: number;
}

/** Where replicas tell each other what they learned about the keys of one breaker. */
export interface HintStore {
  /** One step: says, decides, reads. @throws FleetError */
  sync(request: HintRequest): Promise<HintReply>;
  /** Calls when something was decided, until disposed. Calls may be lost. */
  watch(onChange: () => void): Disposable;
}

/** Keys at most in a store, for each breaker. */
export const MOST_HINTS = 10_000;
/** Characters that a key may have at most to be shared. */
export const LONGEST_KEY = 256;
/** What one sync says at most. */
export const MOST_SAYS = 500;
/** What one reply holds at most, besides what was asked for. */
export const MOST_READ = 500;
/** How long a closing can be read. Whoever comes later reads everything. */
export const TOMBSTONE_MS = 60_000;
/** How long an opening outlives its open time when nobody probes. */
export const LINGER_MS = 600_000;
