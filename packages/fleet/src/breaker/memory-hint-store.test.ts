import { VirtualClock } from '@breakwater/resilience/testing';
import { describe, expect, it } from 'vitest';
import { LINGER_MS, MOST_HINTS, TOMBSTONE_MS } from './hint-store.js';
import { describeHintStore } from './hint-store.suite.js';
import { memoryHintStore } from './memory-hint-store.js';

const clock = new VirtualClock();

describeHintStore('the store of hints in memory', () => ({
  fresh: () => memoryHintStore({ clock }),
  pass: (ms) => clock.advance(ms),
}));

describe('what the store of hints in memory forgets', () => {
  const common = { epoch: '', quorum: 1, silentMs: 60_000 };
  const strike = (key: string) => ({ verb: 'strike' as const, key, forMs: 1_000, openMs: 1_000, attempts: 1 });

  it('is an opening that nobody probes, and a closing, each after its time; whoever missed it reads everything', async () => {
    const store = memoryHintStore({ clock });
    const opened = await store.sync({ ...common, member: 'a', since: 0, says: [strike('k'), strike('j')] });
    const period = opened.hints.find(({ key }) => key === 'j')!.period;
    await store.sync({ ...common, member: 'a', since: 0, says: [{ verb: 'closed', key: 'j', period }] });
    const sync = () => store.sync({ ...common, member: 'b', since: 0, says: [] });
    await clock.advance(TOMBSTONE_MS - 1);
    expect((await sync()).hints).toHaveLength(2);
    await clock.advance(1);
    expect((await sync()).hints).toMatchObject([{ key: 'k' }]);
    await clock.advance(LINGER_MS);
    expect((await sync()).hints).toEqual([]);
    const late = { ...common, epoch: opened.epoch, member: 'c', since: opened.version, says: [] };
    expect(await store.sync(late)).toMatchObject({ full: true, hints: [] });
  });

  it('is nothing that still matters: it refuses what finds no room', async () => {
    const store = memoryHintStore({ clock });
    const says = Array.from({ length: MOST_HINTS }, (_, index) => strike(`k${index}`));
    expect((await store.sync({ ...common, quorum: 2, member: 'a', since: 0, says })).refused).toBe(0);
    const more = [strike('one more'), strike('k1')];
    expect((await store.sync({ ...common, quorum: 2, member: 'a', since: 0, says: more })).refused).toBe(1);
  });
});
