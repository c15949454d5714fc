import { channel } from 'node:diagnostics_channel';
import type { HoldReason } from '../backend/backend.js';
import type { RefusedReason } from '../intake/intake.js';

/** What delivery says as it happens, on the diagnostics channel `breakwater:delivery`. */
export type DeliveryEvent =
  /** Nothing, or nothing for one destination, is sent to the backend for a while. `words`: what it answered. */
  | { type: 'lane.held'; backend: string; reason: HoldReason; words: string; destination?: string; holdMs: number }
  | { type: 'lane.resumed'; backend: string; destination?: string }
  /** The backend finds requests of this size too large; smaller ones follow. */
  | { type: 'lane.batch_limit'; backend: string; maxBytes: number }
  | { type: 'lane.quarantined'; backend: string; points: number; words: string }
  /** The backend was restarted before what it had acknowledged was safe: it is sent again. */
  | { type: 'lane.rewound'; backend: string; points: number }
  | { type: 'lane.expired'; backend: string; reason: 'size' | 'age' | 'operator'; points: number }
  | { type: 'lane.damaged'; backend: string; points: number }
  /** A lane of the folder has no backend in the configuration; it is kept. */
  | { type: 'lane.orphaned'; backend: string; points: number }
  | { type: 'intake.closed'; reason: RefusedReason; message: string }
  | { type: 'intake.opened' }
  /** A folder that a dead process left behind is delivered too. */
  | { type: 'slot.adopted' | 'slot.finished'; slot: string }
  /** Something failed that will be tried again. */
  | { type: 'trouble'; what: string; error: unknown };

/** The channel's name: `diagnostics_channel.subscribe(DELIVERY_CHANNEL, (event) => …)`. */
export const DELIVERY_CHANNEL = 'breakwater:delivery';

const events = channel(DELIVERY_CHANNEL);

export function publish(event: DeliveryEvent): void {
  if (events.hasSubscribers) events.publish(event);
}
