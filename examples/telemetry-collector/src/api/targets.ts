import type { Owner } from '@breakwater/fleet';
import type { Collector } from '../flow/collector.js';
import type { TargetStatus } from '../flow/status.js';
import { presentable } from '../flow/turn-error.js';
import type { Share } from '../share/share.js';
import type { Target } from '../targets/target.js';

/** Who polls a target. */
interface Ownership {
  /** The id of the replica; null: there is no fleet, or nobody can be named. */
  readonly owner: string | null;
  /** In words; null where there is no fleet. */
  readonly why: string | null;
  readonly polledHere: boolean;
}

/** A target in `/targets`: how it is where it is polled here, else who would know. */
export type TargetListing = Ownership & (TargetStatus | Pick<Target, 'name' | 'probe'>);

/** Every target of the file, in its order. Without a share all of them are polled here. */
export function* listTargets(collector: Collector, share: Share | undefined): Generator<TargetListing> {
  if (share === undefined) {
    for (const status of collector.status()) yield { ...status, owner: null, why: null, polledHere: true };
    return;
  }
  for (const { name, probe } of share.targets()) {
    yield { ...(collector.statusOf(name) ?? { name, probe }), ...ownershipOf(share.ownerOf(name)) };
  }
}

/** Ids come from Redis, where others write. */
function ownershipOf(owner: Owner | undefined): Ownership {
  const { owner: id, why, mine } = owner ?? { owner: undefined, why: 'it was removed', mine: false };
  return { owner: id === undefined ? null : presentable(id), why: presentable(why), polledHere: mine };
}
