import { Chain, type Linked } from './chain.js';
import type { Origin, Slot } from './origin.js';
import { Turns } from './turns.js';

export interface AllotmentLimits {
  readonly maxSockets: number;
  readonly maxSocketsPerOrigin: number;
  /** How many requests may wait without a socket being opened or freed for them. */
  readonly maxQueued: number;
}

/** What the allotment decides, others do. None of it may report back before it returns, save by making new requests. */
export interface Sockets<S, W, O> {
  /** Starts to open a socket. */
  open(origin: O): S;
  /** Gives up opening a socket; `closed` follows. */
  cancel(slot: S): void;
  /** Sends a request through a socket. */
  serve(slot: S, waiter: W): void;
  /** Closes an idle socket; `closed` follows. */
  evict(slot: S): void;
  /** Refuses a request that waited, to let in one of an origin with fewer. */
  expel(waiter: W): void;
}

/**
 * Who gets a socket: the pool's bookkeeping, without clock or I/O. Its rules:
 *
 * - No more sockets than the caps allow, whatever they are doing; one that is being closed counts until it is closed.
 * - No request waits where its origin has an idle socket, or while another socket may be opened for it.
 * - At the cap for all, the socket that was idle longest makes room; then one that is being opened for nobody any more.
 * - Where there is neither, origins share alike: a socket that becomes free stays with its origin unless another waits
 *   with none at all, or with at least two fewer. Within an origin, first come, first served.
 * - When the queue is full, whoever came last in the longest queue is refused.
 */
export class Allotment<S extends Slot<S, O>, W extends Linked<W>, O extends Origin<S, W>> {
  readonly #limits: AllotmentLimits;
  readonly #sockets: Sockets<S, W, O>;
  readonly #origins = new Map<string, O>();
  /** Idle sockets everywhere, the longest idle first. */
  readonly #idle = new Chain<S>();
  readonly #turns = new Turns<O>();
  /** Origins that open more sockets than they have requests waiting. */
  readonly #surplus = new Set<O>();
  #open = 0;
  #connecting = 0;
  #closing = 0;
  #queued = 0;
  #wanted = 0;

  constructor(limits: AllotmentLimits, sockets: Sockets<S, W, O>) {
    this.#limits = limits;
    this.#sockets = sockets;
  }

  get counts() {
    const [open, connecting, idle, closing] = [this.#open, this.#connecting, this.#idle.size, this.#closing];
    const busy = open - connecting - idle - closing;
    return { open, connecting, busy, idle, closing, queued: this.#queued, origins: this.#origins.size };
  }

  find(key: string): O | undefined {
    return this.#origins.get(key);
  }

  origins(): Iterable<O> {
    return this.#origins.values();
  }

  /** Finds a socket for a request, or lets it wait, `urgent` before all others of its origin. False: it is refused. */
  request(origin: O, waiter: W, urgent = false): boolean {
    const slot = origin.idle.pop();
    if (slot !== undefined) {
      this.#idle.remove(slot);
      this.#serve(slot, waiter);
      return true;
    }
    this.#origins.set(origin.key, origin);
    if (urgent) origin.waiting.unshift(waiter);
    else origin.waiting.push(waiter);
    this.#account(origin);
    this.#balance();
    if (this.#queued - this.#closing <= this.#limits.maxQueued || urgent) return true;
    return this.#makeRoom(origin, waiter);
  }

  /** Takes back a request that still waits. */
  leave(origin: O, waiter: W): void {
    origin.waiting.remove(waiter);
    const oldest = origin.connecting.first;
    // The oldest, so that who waits on has its whole time for connecting.
    if (oldest !== undefined && origin.connecting.size > origin.waiting.size) this.#cancel(oldest);
    this.#account(origin);
    this.#balance();
  }

  /** Whether a socket is being opened for a request that waits. */
  isCovered(origin: O, waiter: W): boolean {
    let place = 0;
    for (const other of origin.waiting) {
      if (place++ === origin.connecting.size) return false;
      if (other === waiter) return true;
    }
    return false;
  }

  /** A socket is open. */
  connected(slot: S): void {
    this.#leaveConnecting(slot);
    slot.state = 'busy';
    this.#account(slot.origin);
    this.#employ(slot);
  }

  /** A socket could not be opened. Returns the request that is to be told. `closed` must follow. */
  failed(slot: S): W | undefined {
    const origin = slot.origin;
    this.#leaveConnecting(slot);
    this.#enterClosing(slot);
    const waiter = origin.waiting.first;
    if (waiter !== undefined) origin.waiting.remove(waiter);
    this.#account(origin);
    this.#balance();
    return waiter;
  }

  /** A socket has carried its request and can carry another. */
  released(slot: S): void {
    if (this.#mustYield(slot.origin)) this.#evict(slot);
    else this.#employ(slot);
  }

  /** A socket can no longer be used and is being closed. `closed` must follow. */
  closing(slot: S): void {
    if (slot.state === 'idle') this.#leaveIdle(slot);
    this.#enterClosing(slot);
  }

  /** A socket is closed, and the other side knows. */
  closed(slot: S): void {
    const origin = slot.origin;
    if (slot.state === 'idle') this.#leaveIdle(slot);
    if (slot.state === 'closing') this.#closing--;
    slot.state = 'closed';
    this.#free(origin);
  }

  /** Takes a place for a socket more while one is being opened; false: there is none to spare. */
  borrow(origin: O): boolean {
    const { maxSockets, maxSocketsPerOrigin } = this.#limits;
    if (this.#open >= maxSockets || origin.open >= maxSocketsPerOrigin) return false;
    this.#open++;
    this.#connecting++;
    origin.open++;
    this.#account(origin);
    return true;
  }

  giveBack(origin: O): void {
    this.#connecting--;
    this.#free(origin);
  }

  /** Closes the idle sockets of an origin, since one of them turned out to be dead. */
  evictIdle(origin: O): void {
    for (const slot of [...origin.idle]) {
      this.#leaveIdle(slot);
      this.#evict(slot);
    }
  }

  /** Sends the next request of its origin through a socket, or lets it idle. */
  #employ(slot: S): void {
    const origin = slot.origin;
    const waiter = origin.waiting.first;
    if (waiter === undefined) {
      slot.state = 'idle';
      origin.idle.push(slot);
      this.#idle.push(slot);
      this.#balance();
      return;
    }
    origin.waiting.remove(waiter);
    this.#account(origin);
    this.#serve(slot, waiter);
    // The socket that was being opened for this request may have become one too many, and another origin waits.
    this.#balance();
  }

  #serve(slot: S, waiter: W): void {
    slot.state = 'busy';
    this.#sockets.serve(slot, waiter);
  }

  /** Whether a socket that becomes free here is to be closed in favour of another origin that waits. */
  #mustYield(origin: O): boolean {
    if (this.#open < this.#limits.maxSockets || this.#closing >= this.#wanted) return false;
    const { open } = this.#turns.next()!;
    return open === 0 || origin.open >= open + 2;
  }

  /** Opens what may be opened and frees what must be freed for those who wait. */
  #balance(): void {
    while (this.#wanted > 0) {
      if (this.#open < this.#limits.maxSockets) this.#openFor(this.#turns.next()!);
      else if (this.#closing >= this.#wanted || !this.#freeOne()) return;
    }
  }

  #openFor(origin: O): void {
    this.#open++;
    this.#connecting++;
    origin.open++;
    const slot = this.#sockets.open(origin);
    slot.state = 'connecting';
    origin.connecting.push(slot);
    this.#account(origin);
  }

  #freeOne(): boolean {
    const idle = this.#idle.first;
    if (idle !== undefined) {
      this.#leaveIdle(idle);
      this.#evict(idle);
      return true;
    }
    for (const origin of this.#surplus) {
      this.#cancel(origin.connecting.first!);
      this.#account(origin);
      return true;
    }
    return false;
  }

  #evict(slot: S): void {
    this.#enterClosing(slot);
    this.#sockets.evict(slot);
  }

  #cancel(slot: S): void {
    this.#leaveConnecting(slot);
    this.#enterClosing(slot);
    this.#sockets.cancel(slot);
  }

  #leaveConnecting(slot: S): void {
    slot.origin.connecting.remove(slot);
    this.#connecting--;
  }

  #leaveIdle(slot: S): void {
    const { idle } = slot.origin;
    idle.splice(idle.indexOf(slot), 1);
    this.#idle.remove(slot);
  }

  #enterClosing(slot: S): void {
    slot.state = 'closing';
    this.#closing++;
  }

  #free(origin: O): void {
    this.#open--;
    origin.open--;
    this.#account(origin);
    this.#balance();
  }

  /** The queue is too long by one: whoever came last in the longest one goes. */
  #makeRoom(origin: O, newcomer: W): boolean {
    let longest = origin;
    for (const other of this.#origins.values()) if (other.queued > longest.queued) longest = other;
    const last = longest === origin ? newcomer : longest.waiting.last!;
    longest.waiting.remove(last);
    this.#account(longest);
    if (last === newcomer) return false;
    this.#sockets.expel(last);
    return true;
  }

  /** Brings what is known of an origin up to date after its sockets or requests changed. */
  #account(origin: O): void {
    const { connecting, waiting } = origin;
    const queued = Math.max(0, waiting.size - connecting.size);
    this.#queued += queued - origin.queued;
    origin.queued = queued;
    const wanted = Math.min(queued, this.#limits.maxSocketsPerOrigin - origin.open);
    this.#wanted += wanted - origin.wanted;
    origin.wanted = wanted;
    if (wanted > 0) this.#turns.enter(origin);
    else this.#turns.leave(origin);
    if (connecting.size > waiting.size) this.#surplus.add(origin);
    else this.#surplus.delete(origin);
    if (origin.open === 0 && waiting.size === 0) this.#origins.delete(origin.key);
  }
}
