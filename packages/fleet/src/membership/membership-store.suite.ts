import { expect, it, onTestFinished } from 'vitest';
import type { Admitted, Beat, MembershipStore } from './membership-store.js';

/** A store, and its time. */
export interface StoreUnderTest {
  readonly store: MembershipStore;
  /** Lets the store's clock go on by so much. */
  pass(ms: number): Promise<void>;
}

const LEASE_MS = 2_400;

/** What a member's beats carry, as the member itself would keep it. */
export class Beater {
  readonly #store: MembershipStore;
  readonly id: string;
  readonly incarnation: string;
  sequence = 0;
  last: Admitted | undefined;
  ids: readonly string[] = [];

  constructor(store: MembershipStore, id: string, incarnation = `1-${id}`) {
    this.#store = store;
    this.id = id;
    this.incarnation = incarnation;
  }

  async beat(fields: Partial<Beat> = {}): Promise<Admitted> {
    const reply = await this.#store.beat({
      id: this.id,
      incarnation: this.incarnation,
      sequence: ++this.sequence,
      leaseMs: LEASE_MS,
      shares: true,
      applied: 0,
      stoppedAtMs: 0,
      epoch: this.last?.epoch ?? '',
      known: this.last?.version ?? 0,
      leaseEndMs: this.last?.leaseEndMs ?? 0,
      ...fields,
    });
    if (reply.superseded) throw new Error(`${this.id} was superseded`);
    this.last = reply;
    this.ids = reply.ids ?? this.ids;
    return reply;
  }

  /** Beats, and says that all it knows is applied. */
  async apply(): Promise<Admitted> {
    await this.beat();
    return this.beat({ applied: this.last!.version });
  }

  leave(stoppedAtMs = 0): Promise<void> {
    return this.#store.leave(this.id, this.incarnation, stoppedAtMs);
  }
}

/** What every membership store does. */
export function membershipStoreSuite(make: () => Promise<StoreUnderTest>): void {
  it('lets members join one after the other, each at a higher version, and tells ids once', async () => {
    const { store } = await make();
    const [a, b] = [new Beater(store, 'a'), new Beater(store, 'b')];
    const first = await a.beat();
    expect(first).toMatchObject({ ids: ['a'], behind: 0, waitUntilMs: 0, joined: first.version, members: 1 });
    expect(first.leaseEndMs - first.nowMs).toBe(LEASE_MS + 1);
    expect(first.leaseEnds).toEqual([['a', first.leaseEndMs]]);
    const second = await b.beat();
    expect(second.version).toBeGreaterThan(first.version);
    expect([...second.ids!].sort()).toEqual(['a', 'b']);
    expect(second.epoch).toBe(first.epoch);
    expect((await b.beat()).ids).toBeUndefined();
    const seen = await a.beat();
    expect([...seen.ids!].sort()).toEqual(['a', 'b']);
    expect(seen).toMatchObject({ joined: first.joined, version: second.version, members: 2 });
  });

  it('counts who has not applied the version at which one joined', async () => {
    const { store } = await make();
    const [a, b, c] = ['a', 'b', 'c'].map((id) => new Beater(store, id)) as [Beater, Beater, Beater];
    await a.apply();
    await b.beat();
    expect(b.last!.behind).toBe(1);
    await a.apply();
    expect((await b.apply()).behind).toBe(0);
    await c.beat();
    expect(c.last!.behind).toBe(2);
    await a.apply();
    expect((await c.beat()).behind).toBe(1);
    await b.apply();
    expect((await c.beat()).behind).toBe(0);
  });

  it('removes whose lease is over, and says until when it was', async () => {
    const { store, pass } = await make();
    const [a, b] = [new Beater(store, 'a'), new Beater(store, 'b')];
    const dead = await a.beat();
    await pass(LEASE_MS / 2);
    const before = await b.beat();
    expect(before.leaseEnds).toEqual([
      ['a', dead.leaseEndMs],
      ['b', before.leaseEndMs],
    ]);
    await pass(LEASE_MS / 2 + 5);
    const after = await b.beat();
    expect(after).toMatchObject({ ids: ['b'], removedAtMs: dead.leaseEndMs, members: 1, behind: 0 });
    expect(after.version).toBeGreaterThan(before.version);
    expect(after.epoch).toBe(before.epoch);
    const again = await a.beat();
    expect(again.joined).toBe(again.version);
    expect(again.joined).toBeGreaterThan(after.version);
  });

  it('lets a member leave at once, and only as the run that it is', async () => {
    const { store } = await make();
    const [a, b] = [new Beater(store, 'a'), new Beater(store, 'b')];
    await a.beat();
    const { nowMs } = await b.beat();
    await new Beater(store, 'a', '0-z').leave(nowMs);
    expect((await b.beat()).ids).toBeUndefined();
    await a.leave(nowMs - 7);
    expect(await b.beat()).toMatchObject({ ids: ['b'], removedAtMs: nowMs - 7 });
    const again = new Beater(store, 'a', '2-a');
    await again.beat();
    await again.leave(nowMs + 1e9);
    const { nowMs: later, removedAtMs } = await b.beat();
    expect(removedAtMs).toBeGreaterThan(nowMs - 7);
    expect(removedAtMs).toBeLessThanOrEqual(later);
  });

  it('keeps who stopped first for the latest that joined, never later than now', async () => {
    const { store } = await make();
    const a = new Beater(store, 'a');
    const { nowMs } = await a.beat();
    expect((await a.beat({ stoppedAtMs: nowMs - 3 })).releasedAtMs).toBe(nowMs - 3);
    expect((await a.beat({ stoppedAtMs: nowMs - 1 })).releasedAtMs).toBe(nowMs - 3);
    expect((await a.beat({ stoppedAtMs: nowMs - 9 })).releasedAtMs).toBe(nowMs - 9);
    expect((await a.beat()).releasedAtMs).toBe(nowMs - 9);
    const b = new Beater(store, 'b');
    expect((await b.beat()).releasedAtMs).toBe(0);
    const last = await a.beat({ stoppedAtMs: nowMs + 1e9 });
    expect(last.releasedAtMs).toBe(last.nowMs);
  });

  it('puts a later run of an id in the place of the earlier one, which hears of it', async () => {
    const { store, pass } = await make();
    const [old, young, b] = [new Beater(store, 'a', '1-x'), new Beater(store, 'a', '2-x'), new Beater(store, 'b')];
    const before = await old.apply();
    await b.beat();
    const taken = await young.beat();
    expect(taken).toMatchObject({ waitUntilMs: before.leaseEndMs, joined: before.joined, version: b.last!.version });
    await expect(old.beat()).rejects.toThrow('a was superseded');
    // What the old run holds it may hold until its lease is over: that the young one holds nothing says nothing of it.
    await young.apply();
    expect((await b.beat()).behind).toBe(1);
    await pass(LEASE_MS + 5);
    await b.beat();
    await young.beat();
    expect(young.last!.joined).toBe(young.last!.version);
  });

  it('believes what a later run applied once the lease of the earlier one is over', async () => {
    const { store, pass } = await make();
    const [old, young, b] = [new Beater(store, 'a', '1-x'), new Beater(store, 'a', '2-x'), new Beater(store, 'b')];
    await old.apply();
    await b.beat();
    await pass(LEASE_MS / 2);
    await young.beat();
    await b.beat();
    await pass(LEASE_MS / 2 + 5);
    expect((await b.beat()).behind).toBe(1);
    await young.apply();
    expect(young.last!.joined).toBeLessThan(b.last!.joined);
    expect((await b.beat()).behind).toBe(0);
  });

  it('lets a run whose start seems earlier in, when it is new, and the other one hears of nothing until it beats', async () => {
    const { store } = await make();
    const [first, second] = [new Beater(store, 'a', '2-x'), new Beater(store, 'a', '1-x')];
    const { leaseEndMs } = await first.beat();
    expect((await second.beat()).waitUntilMs).toBe(leaseEndMs);
    // Not twice back and forth: the first takes it back, the second gives up.
    await first.beat();
    await expect(second.beat()).rejects.toThrow('a was superseded');
    await first.beat();
  });

  it('waits with a leaving run for the lease of the earlier one', async () => {
    const { store, pass } = await make();
    const [old, young, b] = [new Beater(store, 'a', '1-x'), new Beater(store, 'a', '2-x'), new Beater(store, 'b')];
    const { leaseEndMs } = await old.beat();
    await young.beat();
    await b.beat();
    await young.leave(0);
    expect((await b.beat()).leaseEnds[0]).toEqual(['a', leaseEndMs]);
    await pass(LEASE_MS / 2);
    await b.beat();
    await pass(LEASE_MS / 2 + 5);
    expect(await b.beat()).toMatchObject({ ids: ['b'], removedAtMs: leaseEndMs });
  });

  it('changes nothing for a beat that comes after its sender left', async () => {
    const { store, pass } = await make();
    const [a, b] = [new Beater(store, 'a'), new Beater(store, 'b')];
    await a.apply();
    await b.beat();
    await a.leave(0);
    const { version } = await b.beat();
    await expect(a.beat()).rejects.toThrow('a was superseded');
    expect(await b.beat()).toMatchObject({ version, members: 1 });
    // A later run of the id comes in, and its first beat of all may be the late one.
    const young = new Beater(store, 'a', '2-a');
    expect(await young.beat()).toMatchObject({ waitUntilMs: 0, members: 2 });
    await young.leave(0);
    await expect(young.beat({ leaseEndMs: 0, sequence: 1 })).rejects.toThrow('a was superseded');
    // One that left while the run before it may still be at work is no exception.
    const { leaseEndMs } = await new Beater(store, 'a', '3-a').beat();
    const waiting = new Beater(store, 'a', '4-a');
    await waiting.beat();
    await waiting.leave(0);
    await expect(waiting.beat()).rejects.toThrow('a was superseded');
    expect((await b.beat()).leaseEnds).toContainEqual(['a', leaseEndMs]);
    await b.beat();
    await pass(LEASE_MS + 5);
    expect((await b.beat()).members).toBe(1);
  });

  it('changes nothing for a beat that comes after a later one', async () => {
    const { store } = await make();
    const [a, b] = [new Beater(store, 'a'), new Beater(store, 'b')];
    await a.apply();
    await b.beat();
    await a.apply();
    await b.beat();
    await a.beat({ sequence: 1, applied: 0 });
    expect((await b.beat()).behind).toBe(0);
  });

  it('changes the epoch when a member knows more than it', async () => {
    const { store } = await make();
    const a = new Beater(store, 'a');
    const { epoch, version, leaseEndMs } = await a.beat();
    expect((await a.beat()).epoch).toBe(epoch);
    const other = new Beater(store, 'b');
    const knowsVersion = await other.beat({ epoch, known: version + 1e9 });
    expect(knowsVersion.epoch).not.toBe(epoch);
    const knowsLease = await a.beat({ leaseEndMs: leaseEndMs + 60_000 });
    expect(knowsLease.epoch).not.toBe(knowsVersion.epoch);
    expect(knowsLease.ids).toBeDefined();
    const forgotten = await new Beater(store, 'c').beat({ leaseEndMs: leaseEndMs + 60_000 });
    expect(forgotten.epoch).not.toBe(knowsLease.epoch);
    expect((await a.beat()).epoch).toBe(forgotten.epoch);
  });

  it('keeps members that do not share out of every list and version', async () => {
    const { store } = await make();
    const [a, node] = [new Beater(store, 'a'), new Beater(store, 'node')];
    const { version } = await a.beat();
    expect(await node.beat({ shares: false })).toMatchObject({
      ids: undefined,
      joined: 0,
      version,
      behind: 0,
      members: 2,
    });
    expect(await a.beat()).toMatchObject({ ids: undefined, version });
    await node.leave(0);
    expect(await a.beat()).toMatchObject({ ids: undefined, version, members: 1 });
  });

  it('reads every member with its load', async () => {
    const { store } = await make();
    const [a, b] = [new Beater(store, 'a'), new Beater(store, 'b')];
    const load = { cpu: 0.25, queueDepth: 12, more: { rooms: 3 } };
    await a.beat({ load });
    await b.beat({ shares: false });
    const { members, damaged } = await store.read();
    expect(damaged).toBe(0);
    expect([...members].sort((one, other) => (one.id < other.id ? -1 : 1))).toEqual([
      { id: 'a', leaseEndsAt: a.last!.leaseEndMs, load },
      { id: 'b', leaseEndsAt: b.last!.leaseEndMs, load: {} },
    ]);
    await b.leave(0);
    expect((await store.read()).members.map(({ id }) => id)).toEqual(['a']);
  });

  it('tells of each change, and when everybody has applied one', async () => {
    const { store } = await make();
    const heard: (number | undefined)[] = [];
    let runs = 0;
    const listening = store.onChange((version) => version !== undefined && heard.push(version));
    onTestFinished(() => listening[Symbol.dispose]());
    const [a, b] = [new Beater(store, 'a'), new Beater(store, 'b')];
    // Whoever listens may miss what happens before its connection is there.
    await expect
      .poll(async () => {
        const passing = new Beater(store, 'c', `${++runs}-c`);
        await passing.beat();
        await passing.leave();
        return heard.length;
      })
      .toBeGreaterThan(0);
    await a.apply();
    await b.apply();
    await expect.poll(() => heard.at(-1)).toBe(b.last!.version);
    heard.length = 0;
    await a.apply();
    await expect.poll(() => heard).toEqual([b.last!.version]);
    await b.leave(0);
    await a.beat();
    await expect.poll(() => heard).toEqual([b.last!.version, a.last!.version]);
  });
}
