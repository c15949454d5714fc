import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../testing/virtual-clock.js';
import type { Address } from '../lookup/name-lookup.js';
import { Race } from './race.js';

/** As much of a socket as a race needs: it closes some time after it was destroyed or failed. */
class FakeSocket extends EventEmitter {
  readonly address: string;
  closed = false;
  destroyed = false;

  constructor(address: string) {
    super();
    this.address = address;
  }

  destroy(error?: Error): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    process.nextTick(() => {
      if (error !== undefined) this.emit('error', error);
      this.closed = true;
      this.emit('close');
    });
    return this;
  }
}

const addresses = (...list: string[]): Address[] => list.map((address) => ({ address, family: 4 }));

function setup(list: readonly Address[], spare = Number.POSITIVE_INFINITY) {
  const clock = new VirtualClock();
  const sockets: FakeSocket[] = [];
  let leases = 0;
  const log: string[] = [];
  let outcome: { error: unknown; winner?: { socket: Socket; address: Address } | undefined } | undefined;
  const race = new Race({
    addresses: list,
    open: ({ address }) => {
      log.push(`${clock.now()} ${address}`);
      const socket = new FakeSocket(address);
      sockets.push(socket);
      return socket as unknown as Socket;
    },
    clock,
    headStartMs: 250,
    endsMs: 10_000,
    extra: () => {
      if (leases >= spare) return undefined;
      leases++;
      return { [Symbol.dispose]: () => leases-- };
    },
    done: (error, winner) => {
      expect(outcome).toBeUndefined();
      outcome = { error, winner };
    },
  });
  const at = (address: string) => sockets.find((socket) => socket.address === address)!;
  race.start();
  return {
    race,
    clock,
    log,
    at,
    connect: (address: string) => at(address).emit('connect'),
    fail: async (address: string, code = 'ECONNREFUSED') => {
      at(address).destroy(Object.assign(new Error(`connect ${code} ${address}`), { code }));
      await settle();
    },
    open: () => sockets.filter((socket) => !socket.closed).map(({ address }) => address),
    leases: () => leases,
    outcome: () => outcome,
  };
}

describe('Race', () => {
  it('asks for one address alone as long as its head start lasts', async () => {
    const { clock, log, connect, outcome, open } = setup(addresses('a', 'b'));
    await clock.advance(249);
    expect(log).toEqual(['0 a']);
    connect('a');
    expect(outcome()).toMatchObject({ error: undefined, winner: { address: { address: 'a' } } });
    await clock.advance(10_000);
    expect(log).toEqual(['0 a']);
    expect(open()).toEqual(['a']);
    expect(clock.timers).toBe(0);
  });

  it('lets the next join in after the head start, and the first to connect wins', async () => {
    const { clock, log, connect, outcome, open, leases } = setup(addresses('a', 'b', 'c'));
    await clock.advance(500);
    expect(log).toEqual(['0 a', '250 b', '500 c']);
    expect(leases()).toBe(2);
    connect('b');
    expect(outcome()?.winner?.address.address).toBe('b');
    expect(leases()).toBe(2);
    await settle();
    expect(open()).toEqual(['b']);
    expect(leases()).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('goes on with the next at once when one fails, without a further socket', async () => {
    const { log, fail, connect, outcome, leases } = setup(addresses('a', 'b', 'c'));
    await fail('a');
    await fail('b');
    expect(log).toEqual(['0 a', '0 b', '0 c']);
    expect(leases()).toBe(0);
    connect('c');
    expect(outcome()?.winner?.address.address).toBe('c');
  });

  it('gives the last address no head start, whatever failed before it', async () => {
    const { clock, fail, log, outcome } = setup(addresses('a', 'b'));
    await fail('a');
    await clock.advance(5000);
    expect(log).toEqual(['0 a', '0 b']);
    expect(outcome()).toBeUndefined();
  });

  it('reports the error when the only address fails, and all of them when several do', async () => {
    const single = setup(addresses('a'));
    await single.fail('a');
    expect(single.outcome()?.error).not.toBeInstanceOf(AggregateError);
    expect(single.outcome()?.error).toMatchObject({ message: 'connect ECONNREFUSED a', code: 'ECONNREFUSED' });
    const double = setup(addresses('a', 'b'));
    await double.clock.advance(250);
    await double.fail('b', 'EHOSTUNREACH');
    expect(double.outcome()).toBeUndefined();
    expect(double.leases()).toBe(0);
    await double.fail('a');
    const error = double.outcome()?.error as AggregateError & { code: string };
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.message).toBe('connect EHOSTUNREACH b; connect ECONNREFUSED a');
    expect(error.code).toBe('EHOSTUNREACH');
    expect(error.errors).toHaveLength(2);
  });

  it('does not let a dead address use up the time where no further socket may be had', async () => {
    const { clock, log, connect, outcome, open } = setup(addresses('a', 'b', 'c'), 0);
    // A third of the 9,750 ms that are left after the head start; then half of what is left, after another.
    await clock.advance(9000);
    expect(log).toEqual(['0 a', '3500 b', '6875 c']);
    expect(open()).toEqual(['c']);
    connect('c');
    expect(outcome()?.winner?.address.address).toBe('c');
  });

  it('closes everything when it is cancelled, and says so when that is done', async () => {
    const { clock, race, outcome, open, leases } = setup(addresses('a', 'b', 'c'));
    await clock.advance(250);
    const reason = new Error('enough');
    race.cancel(reason);
    race.cancel(new Error('again'));
    expect(outcome()).toBeUndefined();
    await clock.advance(10_000);
    expect(open()).toEqual([]);
    expect(outcome()?.error).toBe(reason);
    expect(leases()).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('is not won by a socket that connects when all is over', async () => {
    const cancelled = setup(addresses('a'));
    cancelled.race.cancel(new Error('enough'));
    cancelled.connect('a');
    await settle();
    expect(cancelled.outcome()?.winner).toBeUndefined();
    const won = setup(addresses('a', 'b'));
    await won.clock.advance(250);
    won.connect('a');
    won.connect('b');
    expect(won.outcome()?.winner?.address.address).toBe('a');
    won.race.cancel(new Error('too late'));
    await settle();
    expect(won.open()).toEqual(['a']);
  });
});
