import { Chain, type Linked } from './chain.js';

/**
 * What a socket is doing: being opened, carrying a request, waiting for one, or being closed. `closing` holds its place
 * until the other side knows.
 */
export type SlotState = 'connecting' | 'busy' | 'idle' | 'closing' | 'closed';

/** The place of one socket among those that may be open. */
export interface Slot<S, O> extends Linked<S> {
  readonly origin: O;
  /** Set by the allotment alone. */
  state: SlotState;
}

/** Where sockets lead to and requests wait for them. It is forgotten as soon as it has neither. */
export class Origin<S extends Linked<S>, W extends Linked<W>> {
  readonly key: string;
  /** Sockets that count: all that are not closed. */
  open = 0;
  /** Sockets that are being opened, the oldest first. */
  readonly connecting = new Chain<S>();
  /** The one that was used last is the last. */
  readonly idle: S[] = [];
  /** Requests without a socket, the oldest first. */
  readonly waiting = new Chain<W>();
  /** Of those that wait, how many have no socket being opened for them. */
  queued = 0;
  /** @internal How many sockets it would open if the cap for all were no matter. */
  wanted = 0;

  constructor(key: string) {
    this.key = key;
  }
}
