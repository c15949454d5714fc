import { describe, expect, it } from 'vitest';
import type { LeaseAnswer, LeaseStore } from './lease-store.js';

/** Where one store is tried. */
export interface LeaseStoreRig {
  readonly store: LeaseStore;
  /** Lets its clock move on. */
  pass(ms: number): Promise<void>;
}

const LEASE_MS = 2_400;
let leases = 0;

/** What every lease store must do. */
export function describeLeaseStore(kind: string, rig: () => LeaseStoreRig): void {
  describe(kind, () => {
    const candidates = () => {
      const name = `suite-${++leases}`;
      const { store, pass } = rig();
      const claim = (holder: string, more: { token?: number; above?: number; leaseMs?: number } = {}) =>
        store.claim({ name, holder, leaseMs: LEASE_MS, above: 0, ...more });
      const resign = (holder: string, token: number) => store.resign({ name, holder, token });
      return { name, store, pass, claim, resign };
    };
    const tokenOf = (answer: LeaseAnswer): number => answer.token;

    it('grants a free lease, with a token of the time in microseconds', async () => {
      const { claim } = candidates();
      const answer = await claim('a');
      expect(answer).toMatchObject({ outcome: 'granted', leftMs: LEASE_MS });
      expect(answer.token).toBeGreaterThan(Date.UTC(2025, 0, 1) * 1_000);
      expect(Number.isSafeInteger(answer.token)).toBe(true);
    });

    it('says who has it, and for how long', async () => {
      const { claim, pass } = candidates();
      const token = tokenOf(await claim('a'));
      await pass(100);
      const answer = await claim('b');
      expect(answer).toMatchObject({ outcome: 'held', holder: 'a', token });
      expect(answer.leftMs).toBeGreaterThan(0);
      expect(answer.leftMs).toBeLessThanOrEqual(LEASE_MS - 100);
    });

    it('renews for the holder with the token, and the token stays', async () => {
      const { claim, pass } = candidates();
      const token = tokenOf(await claim('a'));
      for (let round = 0; round < 3; round++) {
        await pass(LEASE_MS / 2);
        expect(await claim('a', { token })).toEqual({ outcome: 'renewed', token, leftMs: LEASE_MS });
      }
      expect(await claim('b')).toMatchObject({ outcome: 'held', holder: 'a' });
    });

    it('gives it to another when it is over, with a higher token', async () => {
      const { claim, pass } = candidates();
      const token = tokenOf(await claim('a'));
      await pass(LEASE_MS + 20);
      const answer = await claim('b');
      expect(answer.outcome).toBe('granted');
      expect(answer.token).toBeGreaterThan(token);
      expect(await claim('a', { token })).toMatchObject({ outcome: 'held', holder: 'b' });
    });

    it('renews nothing that is over: the same holder has another token', async () => {
      const { claim, pass } = candidates();
      const token = tokenOf(await claim('a'));
      await pass(LEASE_MS + 20);
      const answer = await claim('a', { token });
      expect(answer.outcome).toBe('granted');
      expect(answer.token).toBeGreaterThan(token);
    });

    it('gives a holder that does not know its token the lease anew', async () => {
      const { claim } = candidates();
      const token = tokenOf(await claim('a'));
      const answer = await claim('a');
      expect(answer.outcome).toBe('granted');
      expect(answer.token).toBeGreaterThan(token);
      expect((await claim('a', { token })).outcome).toBe('granted');
    });

    it('grants a token above the one it is told of', async () => {
      const { claim, resign } = candidates();
      const first = tokenOf(await claim('a'));
      await resign('a', first);
      const above = first + 5_000_000_000;
      const second = tokenOf(await claim('b', { above }));
      expect(second).toBe(above + 1);
      await resign('b', second);
      expect(tokenOf(await claim('a'))).toBe(above + 2);
    });

    it('ends a lease for its holder and token only, and keeps the token', async () => {
      const { claim, resign } = candidates();
      const token = tokenOf(await claim('a'));
      await resign('a', token - 1);
      await resign('b', token);
      expect((await claim('b')).outcome).toBe('held');
      await resign('a', token);
      const answer = await claim('b');
      expect(answer.outcome).toBe('granted');
      expect(answer.token).toBeGreaterThan(token);
      await resign('a', token);
      expect(await claim('c')).toMatchObject({ outcome: 'held', holder: 'b' });
    });

    it('tells who watches that it was resigned', async () => {
      const { claim, resign, name, store, pass } = candidates();
      let told = 0;
      const watching = store.watch(name, () => told++);
      const others = store.watch(`${name}-other`, () => told++);
      const token = tokenOf(await claim('a'));
      for (let round = 0; told === 0 && round < 50; round++) await pass(20);
      const before = told;
      await resign('a', token);
      for (let round = 0; told === before && round < 50; round++) await pass(20);
      expect(told).toBeGreaterThan(before);
      watching[Symbol.dispose]();
      others[Symbol.dispose]();
    });

    it('keeps the leases of different names apart', async () => {
      const { claim, store, name } = candidates();
      await claim('a');
      const other = { name: `${name}-other`, holder: 'b', leaseMs: LEASE_MS, above: 0 };
      expect((await store.claim(other)).outcome).toBe('granted');
    });
  });
}
