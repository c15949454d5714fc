import { describe, expect, it } from 'vitest';
import { type Hint, type HintReply, type HintRequest, type HintStore, MOST_READ, type Say } from './hint-store.js';

/** Where one store is tried. */
export interface HintStoreRig {
  /** A store with nothing in it. */
  fresh(): HintStore;
  /** Lets its clock move on. */
  pass(ms: number): Promise<void>;
}

const strike = (key: string, more: { forMs?: number; openMs?: number; attempts?: number } = {}): Say => ({
  verb: 'strike',
  key,
  forMs: 60_000,
  openMs: 60_000,
  attempts: 1,
  ...more,
});

/** What every store of hints must do. */
export function describeHintStore(kind: string, rig: () => HintStoreRig): void {
  describe(kind, () => {
    const storeOf = () => {
      const { fresh, pass } = rig();
      const store = fresh();
      const known = new Map<string, { epoch: string; since: number }>();
      const sync = async (member: string, says: Say[] = [], more: Partial<HintRequest> = {}): Promise<HintReply> => {
        const before = known.get(member) ?? { epoch: '', since: 0 };
        const reply = await store.sync({ member, ...before, quorum: 2, silentMs: 60_000, says, ...more });
        known.set(member, { epoch: reply.epoch, since: reply.version });
        return reply;
      };
      /** Opens a key by a quorum; says what `a` is told of it. */
      const open = async (key: string, openMs = 60_000): Promise<Hint> => {
        await sync('a', [strike(key, { openMs })]);
        await sync('b', [strike(key, { openMs })]);
        return (await sync('a')).hints.find((hint) => hint.key === key)!;
      };
      const probe = (key: string, period: number, leaseMs = 60_000): Say => ({ verb: 'probe', key, period, leaseMs });
      const failed = (key: string, period: number, openMs = 60_000, attempts = 2): Say => ({
        verb: 'failed',
        key,
        period,
        openMs,
        attempts,
      });
      return { store, pass, sync, open, probe, failed };
    };

    it('has nothing to tell at first, and tells everything to whoever knows nothing', async () => {
      const { sync } = storeOf();
      const first = await sync('a');
      expect(first).toMatchObject({ full: true, more: false, members: 1, refused: 0, hints: [], damaged: 0 });
      expect(first.epoch).not.toBe('');
    });

    it('opens a key when strikes of a quorum stand, and tells each once', async () => {
      const { sync } = storeOf();
      await sync('c');
      expect((await sync('a', [strike('k')])).hints).toEqual([]);
      const { hints } = await sync('b', [strike('k', { openMs: 5_000, attempts: 3 })]);
      expect(hints).toMatchObject([{ key: 'k', state: 'open', attempts: 3, holder: '', leaseMs: 0, leftMs: 5_000 }]);
      expect((await sync('c')).hints).toMatchObject([{ key: 'k', state: 'open', period: hints[0]!.period }]);
      expect((await sync('c')).hints).toEqual([]);
    });

    it('counts the strikes of one member once', async () => {
      const { sync } = storeOf();
      await sync('a', [strike('k')]);
      expect((await sync('a', [strike('k'), strike('k')])).hints).toEqual([]);
      expect((await sync('a', [strike('k')], { quorum: 1 })).hints).toHaveLength(1);
    });

    it('does not count strikes that were taken back, have expired, or are of silent members', async () => {
      const { sync, pass } = storeOf();
      await sync('a', [strike('relieved'), strike('expired', { forMs: 50 })]);
      await sync('a', [{ verb: 'relief', key: 'relieved' }]);
      await pass(100);
      expect((await sync('b', [strike('relieved'), strike('expired')])).hints).toEqual([]);
      await sync('a', [strike('silent')]);
      await pass(100);
      expect((await sync('b', [strike('silent')], { silentMs: 50 })).hints).toEqual([]);
    });

    it('gives the probe lease to one at a time, when the open time is up', async () => {
      const { sync, open, probe, pass } = storeOf();
      const { period } = await open('k', 1_500);
      expect((await sync('a', [probe('k', period)])).hints).toMatchObject([{ holder: '' }]);
      await pass(1_500);
      expect((await sync('a', [probe('k', period, 3_000)])).hints).toMatchObject([{ holder: 'a', leaseMs: 3_000 }]);
      expect((await sync('b', [probe('k', period)])).hints).toMatchObject([{ holder: 'a' }]);
      await pass(1_600);
      expect((await sync('a', [probe('k', period, 3_000)])).hints).toMatchObject([{ holder: 'a', leaseMs: 3_000 }]);
      await pass(1_600);
      expect((await sync('b', [probe('k', period)])).hints).toMatchObject([{ holder: 'a' }]);
      await pass(1_500);
      expect((await sync('b', [probe('k', period)])).hints).toMatchObject([{ holder: 'b' }]);
      await sync('a', [{ verb: 'yield', key: 'k' }]);
      expect((await sync('a', [probe('k', period)])).hints).toMatchObject([{ holder: 'b' }]);
      await sync('b', [{ verb: 'yield', key: 'k' }]);
      expect((await sync('a', [probe('k', period)])).hints).toMatchObject([{ holder: 'a' }]);
    });

    it('stays open for longer when the probe of the holder failed, and only then', async () => {
      const { sync, open, probe, failed, pass } = storeOf();
      const { period } = await open('k', 0);
      await pass(5);
      await sync('a', [probe('k', period)]);
      expect((await sync('b', [failed('k', period)])).hints).toEqual([]);
      const [hint] = (await sync('a', [failed('k', period, 5_000, 4)])).hints;
      expect(hint).toMatchObject({ state: 'open', leftMs: 5_000, attempts: 4, holder: '' });
      expect(hint!.period).toBeGreaterThan(period);
      // A verdict on the opening before says nothing about this one.
      expect((await sync('a', [failed('k', period), { verb: 'closed', key: 'k', period }])).hints).toEqual([]);
    });

    it('closes when probes went well, whoever made them, and begins anew', async () => {
      const { sync, open } = storeOf();
      const { period } = await open('k');
      await sync('b');
      const [closed] = (await sync('a', [{ verb: 'closed', key: 'k', period }])).hints;
      expect(closed).toMatchObject({ key: 'k', state: 'closed', leftMs: 0, holder: '' });
      expect((await sync('b')).hints).toEqual([closed]);
      expect((await sync('b', [strike('k')])).hints).toEqual([]);
      const [again] = (await sync('a', [strike('k')])).hints;
      expect(again).toMatchObject({ state: 'open', attempts: 1 });
      expect(again!.period).toBeGreaterThan(closed!.period);
    });

    it('ignores verdicts on keys that it does not know, and strikes on keys that are open', async () => {
      const { sync, open, probe, failed } = storeOf();
      const says: Say[] = [failed('x', 7), { verb: 'closed', key: 'x', period: 7 }, { verb: 'relief', key: 'x' }];
      expect((await sync('a', [...says, probe('x', 7), { verb: 'yield', key: 'x' }])).hints).toEqual([]);
      await open('k');
      await sync('c');
      expect((await sync('c', [strike('k'), strike('k')])).hints).toEqual([]);
    });

    it('tells everything anew to whoever knows another epoch, or more than it does', async () => {
      const { sync, open } = storeOf();
      const { period } = await open('k');
      expect(await sync('a', [], { epoch: 'another' })).toMatchObject({ full: true, hints: [{ key: 'k' }] });
      expect(await sync('a', [], { since: period * 2 })).toMatchObject({ full: true, hints: [{ key: 'k' }] });
      expect(await sync('a', [])).toMatchObject({ full: false, hints: [] });
    });

    it('tells no more at once than fits, and the rest after that', async () => {
      const { sync } = storeOf();
      const keys = Array.from({ length: MOST_READ + 3 }, (_, index) => `k${index}`);
      await sync(
        'a',
        keys.slice(0, MOST_READ).map((key) => strike(key)),
        { quorum: 1 },
      );
      await sync(
        'a',
        keys.slice(MOST_READ).map((key) => strike(key)),
        { quorum: 1 },
      );
      const first = await sync('b');
      expect([first.hints.length, first.full, first.more]).toEqual([MOST_READ, true, true]);
      const second = await sync('b');
      expect([second.hints.length, second.full, second.more]).toEqual([3, false, false]);
      expect(new Set([...first.hints, ...second.hints].map(({ key }) => key))).toEqual(new Set(keys));
    });

    it('counts the members that it heard of lately', async () => {
      const { sync, pass } = storeOf();
      await sync('a');
      expect((await sync('b')).members).toBe(2);
      await pass(100);
      expect((await sync('b', [], { silentMs: 50 })).members).toBe(1);
    });

    it('takes any text for a key and a member', async () => {
      const { sync } = storeOf();
      const odd = '__proto__ "\\ \u0000 ü 💥 {}';
      await sync(odd, [strike(odd)]);
      const { hints } = await sync('b', [strike(odd)]);
      expect(hints).toMatchObject([{ key: odd, state: 'open' }]);
    });

    it('calls who watches when something was decided, until disposed', async () => {
      const { store, sync, pass } = storeOf();
      let called = 0;
      const watch = store.watch(() => {
        called++;
      });
      // Whoever watches may miss what is decided before its connection is there.
      let warm = 0;
      await expect
        .poll(async () => {
          await sync('a', [strike(`warm-${++warm}`)], { quorum: 1 });
          return called;
        })
        .toBeGreaterThan(0);
      await pass(200);
      const before = called;
      await sync('a', [strike('k')]);
      await pass(50);
      expect(called).toBe(before);
      await sync('b', [strike('k')]);
      await expect.poll(() => called).toBe(before + 1);
      watch[Symbol.dispose]();
      await sync('a', [strike('j')], { quorum: 1 });
      await pass(100);
      expect(called).toBe(before + 1);
    });
  });
}
