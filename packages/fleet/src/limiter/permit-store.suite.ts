import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Beat, Grant, OpenStore, PermitStore, Terms } from './permit-store.js';

/** What a store is tried with. The limit is new. */
export interface StoreRig {
  /** How long it stays closed, before anybody says that it was known. */
  readonly closedMs: number;
  /** As another replica. */
  open(user: string): OpenStore;
  pass(ms: number): Promise<void>;
  /** Forgets everything, but is no other server. */
  wipe(): Promise<void>;
  end(): Promise<void>;
}

export const SETTLE_MS = 1_000;
/** Long enough that a busy machine gets to the next beat within it: Redis' clock cannot be held. */
export const HOLD_MS = 3_000;
const TERMS: Terms = { concurrent: 3, holdMs: HOLD_MS };

class User {
  readonly grants: Grant[] = [];
  readonly failures: unknown[] = [];
  readonly store: PermitStore;
  life = '';

  constructor(open: OpenStore) {
    this.store = open({
      terms: TERMS,
      clear: false,
      listener: {
        granted: (grant) => this.grants.push(grant),
        failed: (error) => this.failures.push(error),
      },
    });
  }

  async beat(terms = TERMS): Promise<Beat> {
    const beat = await this.store.beat(terms, this.life);
    if (beat.opensInMs === 0 || this.life !== '') this.life = beat.life;
    return beat;
  }
}

/** What every store does that counts permits for several replicas. */
export function itCountsPermits(makeRig: () => Promise<StoreRig>): void {
  let rig: StoreRig;
  let users: User[];
  beforeEach(async () => {
    rig = await makeRig();
    users = [];
  });
  afterEach(async () => {
    for (const { store } of users) store.close();
    await rig.end();
  });

  const join = async (name: string): Promise<User> => {
    const user = new User(rig.open(name));
    users.push(user);
    await user.store.open();
    return user;
  };
  /** Beats until the limit is open. */
  const opened = async (...who: User[]) => {
    for (let left = 1; left > 0; ) {
      const beats = await Promise.all(who.map((user) => user.beat()));
      left = Math.max(...beats.map(({ opensInMs }) => opensInMs));
      await rig.pass(Math.min(left + 1, 250));
    }
  };
  /** Time in which all beat, until `condition` or at most `ms`. */
  const live = async (ms: number, condition: () => boolean = () => false) => {
    for (let passed = 0; passed < ms && !condition(); passed += 50) {
      await rig.pass(50);
      await Promise.all(users.map((user) => user.beat()));
    }
  };
  const granted = () => users.reduce((sum, { grants }) => sum + grants.length, 0);

  it('gives nothing before all that may be out has returned', async () => {
    const a = await join('a');
    a.store.request(1, HOLD_MS);
    const { opensInMs, closure } = await a.beat();
    expect([opensInMs, closure]).toEqual([rig.closedMs, 'new']);
    await rig.pass(100);
    expect(a.grants).toEqual([]);
    await opened(a);
    await live(20_000, () => a.grants.length > 0);
    expect(a.grants.length).toBe(1);
  });

  it('gives so many to all together, and the next when one returns', async () => {
    const [a, b] = [await join('a'), await join('b')];
    await opened(a, b);
    for (const { store } of users) for (let i = 0; i < 3; i++) store.request(1, 60_000);
    await live(20_000, () => granted() >= 3);
    await live(300);
    expect(granted()).toBe(3);
    (a.grants[0] ?? b.grants[0])!.release();
    await live(20_000, () => granted() >= 4);
    await live(300);
    expect(granted()).toBe(4);
    expect(users.flatMap(({ failures }) => failures)).toEqual([]);
  });

  it('counts by weight', async () => {
    const a = await join('a');
    await opened(a);
    a.store.request(2, 60_000);
    a.store.request(2, 60_000);
    await live(20_000, () => granted() >= 1);
    await live(300);
    expect(a.grants.map(({ weight }) => weight)).toEqual([2]);
    a.grants[0]!.release();
    await live(20_000, () => granted() >= 2);
    expect(a.grants.map(({ weight }) => weight)).toEqual([2, 2]);
  });

  it('serves who stands behind what was taken back, although that was more than there is', async () => {
    const a = await join('a');
    await opened(a);
    a.store.request(1, 60_000);
    await live(20_000, () => granted() >= 1);
    a.store.request(3, 60_000);
    a.store.request(1, 60_000);
    await live(300);
    expect(granted()).toBe(1);
    expect([a.store.takeBack(2), a.store.takeBack(3), a.store.takeBack(3)]).toEqual([false, true, false]);
    await live(20_000, () => granted() >= 2);
    a.store.request(1, 60_000);
    await live(20_000, () => granted() >= 3);
    expect(a.grants.map(({ weight }) => weight)).toEqual([1, 1, 1]);
    a.store.request(1, 60_000);
    await live(300);
    expect([granted(), a.failures]).toEqual([3, []]);
  });

  it('takes permits back when their time is over', async () => {
    const [a, b] = [await join('a'), await join('b')];
    await opened(a, b);
    for (let i = 0; i < 3; i++) a.store.request(1, 4_000);
    await live(20_000, () => granted() >= 3);
    b.store.request(1, 4_000);
    await live(200);
    expect([a.grants.length, b.grants.length]).toEqual([3, 0]);
    await live(20_000, () => b.grants.length > 0);
    expect(b.grants.length).toBe(1);
  });

  it('takes the smallest limit and the longest hold, and says that they differ', async () => {
    const [a, b] = [await join('a'), await join('b')];
    expect(await a.beat()).toMatchObject({ concurrent: 3, users: 1, settled: true, differ: false });
    const other = { concurrent: 2, holdMs: HOLD_MS + 200 };
    expect(await b.beat(other)).toMatchObject({ concurrent: 2, holdMs: HOLD_MS + 200, users: 2, differ: true });
    expect(await a.beat()).toMatchObject({ concurrent: 2, holdMs: HOLD_MS + 200, users: 2, differ: true });
    await b.store.leave();
    expect(await a.beat()).toMatchObject({ concurrent: 3, holdMs: HOLD_MS, users: 1, differ: false });
  });

  it('gives no more than the smallest limit from the next beat on, and as many as before when it is gone', async () => {
    const [a, b] = [await join('a'), await join('b')];
    await opened(a, b);
    await b.beat({ concurrent: 1, holdMs: HOLD_MS });
    for (let i = 0; i < 3; i++) a.store.request(1, 60_000);
    const liveUntil = async (grants: number, each: () => Promise<unknown>) => {
      for (let passed = 0; passed < 20_000 && a.grants.length < grants; passed += 50) {
        await rig.pass(50);
        await each();
      }
    };
    const bothBeat = () => Promise.all([a.beat(), b.beat({ concurrent: 1, holdMs: HOLD_MS })]);
    await liveUntil(1, bothBeat);
    for (let more = 0; more < 6; more++) await rig.pass(50).then(bothBeat);
    expect(a.grants.length).toBe(1);
    await b.store.leave();
    for (let more = 0; more < 40; more++) await rig.pass(50).then(() => a.beat());
    a.grants[0]!.release();
    await liveUntil(3, () => a.beat());
    expect(a.grants.length).toBe(3);
  });

  it('says when all others have counted a newcomer', async () => {
    const [a, b] = [await join('a'), await join('b')];
    await a.beat();
    await rig.pass(20);
    expect(await b.beat()).toMatchObject({ users: 2, settled: false });
    await rig.pass(20);
    await a.beat();
    expect(await b.beat()).toMatchObject({ users: 2, settled: true });
  });

  it('closes when nobody was served for as long as a hold', async () => {
    const a = await join('a');
    await opened(a);
    await rig.pass(HOLD_MS + 100);
    a.store.request(1, HOLD_MS);
    await rig.pass(50);
    expect(a.grants).toEqual([]);
    expect((await a.beat()).opensInMs).toBe(HOLD_MS + SETTLE_MS);
  });

  it('opens at once when all have left, however long after', async () => {
    const a = await join('a');
    await opened(a);
    await a.store.leave();
    await rig.pass(HOLD_MS + SETTLE_MS + 100);
    const b = await join('b');
    expect((await b.beat()).opensInMs).toBe(0);
  });

  it('stays closed for one that did not leave, whoever comes', async () => {
    const [a, b] = [await join('a'), await join('b')];
    await opened(a, b);
    await b.store.leave();
    await rig.pass(HOLD_MS + SETTLE_MS + 100);
    const c = await join('c');
    expect(await c.beat()).toMatchObject({ opensInMs: HOLD_MS + SETTLE_MS, closure: 'unserved' });
  });

  it('closes for all that may be out when one says that it was forgotten', async () => {
    const a = await join('a');
    await opened(a);
    await rig.wipe();
    a.store.request(1, HOLD_MS);
    // It knows nothing of a former life.
    const b = await join('b');
    expect(await b.beat()).toMatchObject({ opensInMs: SETTLE_MS, closure: 'new' });
    const again = await join('a');
    again.life = a.life;
    again.store.request(1, HOLD_MS);
    b.store.request(1, HOLD_MS);
    await rig.pass(50);
    const { opensInMs, closure } = await again.beat();
    expect(closure).toBe('forgotten');
    expect(opensInMs).toBeGreaterThan(HOLD_MS);
    await rig.pass(SETTLE_MS + 100);
    expect((await b.beat()).opensInMs).toBeGreaterThan(HOLD_MS / 2);
    expect([a.grants, b.grants, again.grants]).toEqual([[], [], []]);
    // Its own news does not close it anew.
    await live(HOLD_MS + SETTLE_MS + 3_000, () => granted() >= 2);
    expect([b.grants.length, again.grants.length]).toEqual([1, 1]);
  });
}
