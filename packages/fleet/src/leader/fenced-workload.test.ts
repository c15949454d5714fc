import { settle } from '@breakwater/resilience/testing';
import { describe, expect, it } from 'vitest';
import { fencedWorkload } from './fenced-workload.js';
import type { ActOutcome } from './metrics.js';
import type { Stamp } from './stamp.js';
import type { Term } from './term.js';
import { StaleTermError, type Workload, WorkloadConflict } from './workload.js';
import { JudgedWorkload, type SignedChange } from './workload.suite.js';

/** A term that lasts until a test says otherwise. */
function termOf(token: number, holder = 'me') {
  const controller = new AbortController();
  const notes: Array<ActOutcome | Stamp> = [];
  const term = {
    name: 'scaler',
    holder,
    token,
    signal: controller.signal,
    holds: true as boolean,
    note(outcome: ActOutcome, by?: Stamp) {
      notes.push(outcome, ...(by === undefined ? [] : [by]));
    },
  } satisfies Term;
  return { term, notes, by: { token, holder }, controller };
}

/** The workload, with what a test does before it answers. */
function rigOf(token = 5, workload = new JudgedWorkload()) {
  const calls: string[] = [];
  const hooks: { before?: (call: string) => void | Promise<void>; after?: (call: string) => void } = {};
  const through = async <T>(call: string, run: () => Promise<T>): Promise<T> => {
    calls.push(call);
    await hooks.before?.(call);
    const value = await run();
    hooks.after?.(call);
    return value;
  };
  const seen: Workload<SignedChange> = {
    read: () => through('read', () => workload.read()),
    stamp: (stamp, version) => through('stamp', () => workload.stamp(stamp, version)),
    act: (change, version) => through('act', () => workload.act(change, version)),
  };
  const mine = termOf(token);
  const fenced = fencedWorkload(mine.term, seen);
  const { by } = mine;
  return { ...mine, workload, calls, hooks, fenced, seen, act: () => fenced.act({ by }) };
}

describe('fencedWorkload', () => {
  it('stamps before the first act, and not again', async () => {
    const { act, calls, workload, by, notes } = rigOf();
    await act();
    await act();
    expect(calls).toEqual(['read', 'stamp', 'act', 'act']);
    expect(workload.stamps).toEqual([by]);
    expect(workload.accepted).toEqual([by, by]);
    expect(notes).toEqual(['accepted', 'accepted']);
  });

  it('stamps over an earlier term', async () => {
    const { act, workload, by } = rigOf();
    workload.restamp({ token: 4, holder: 'old' });
    await act();
    expect(workload.stamps).toEqual([by]);
  });

  it.each([
    { token: 6, holder: 'other' },
    { token: 5, holder: 'other' },
  ])('does nothing to a workload with the stamp %j, and tells the term', async (stamp) => {
    const { act, workload, notes, calls } = rigOf();
    workload.restamp(stamp);
    const error = await act().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(StaleTermError);
    expect(error).toMatchObject({ by: stamp });
    expect(calls).toEqual(['read']);
    expect(notes).toEqual(['stale', stamp]);
  });

  it('is refused by the workload when a later term stamped after it had looked', async () => {
    const { act, workload, calls, notes } = rigOf();
    await act();
    const later = termOf(6, 'later');
    await fencedWorkload(later.term, workload).act({ by: later.by });
    await expect(act()).rejects.toBeInstanceOf(StaleTermError);
    expect(workload.accepted.map(({ token }) => token)).toEqual([5, 6]);
    expect(calls.slice(3)).toEqual(['act', 'read']);
    expect(notes).toEqual(['accepted', 'stale', later.by]);
  });

  it('does not do what was decided on an older state: who acts decides again', async () => {
    const { act, workload, notes } = rigOf();
    await act();
    workload.touch();
    await expect(act()).rejects.toThrow(
      /^leader lease scaler: .* \(it was changed meanwhile\); nothing was done: decide again$/,
    );
    expect(workload.accepted).toHaveLength(1);
    await act();
    expect(workload.accepted).toHaveLength(2);
    expect(notes).toEqual(['accepted', 'conflict', 'accepted']);
  });

  it('says that it is a conflict when it cannot look at what is there now', async () => {
    const { act, workload, hooks } = rigOf();
    await act();
    workload.touch();
    hooks.before = (call) => {
      if (call === 'read') throw new Error('no network');
    };
    const error = await act().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(WorkloadConflict);
    expect(error).toMatchObject({ cause: new Error('no network') });
  });

  it('acts on what read showed, and not if anything was written since', async () => {
    const { act, fenced, workload } = rigOf();
    expect(await fenced.read()).toEqual({ version: '1', stamp: undefined });
    await act();
    workload.touch();
    expect((await fenced.read()).version).toBe('4');
    await act();
    await fenced.read();
    workload.touch();
    await expect(act()).rejects.toBeInstanceOf(WorkloadConflict);
  });

  it('leaves its stamp again where somebody removed it', async () => {
    const { act, fenced, workload, by } = rigOf();
    await act();
    workload.restamp(undefined);
    await fenced.read();
    await act();
    expect(workload.stamps).toEqual([by, by]);
  });

  it('tries again to stamp what others change meanwhile, but not for ever', async () => {
    const { act, workload, hooks, calls } = rigOf();
    let changes = 3;
    hooks.before = (call) => {
      if (call === 'stamp' && changes-- > 0) workload.touch();
    };
    await act();
    expect(calls.filter((call) => call === 'stamp')).toHaveLength(4);
    workload.restamp(undefined);
    changes = Number.POSITIVE_INFINITY;
    await expect(act()).rejects.toThrow('decide again');
    expect(workload.accepted).toHaveLength(1);
  });

  it('looks before it acts again when it does not know what came of an act, and the caller decides again if it was done', async () => {
    const { act, workload, hooks, notes, calls } = rigOf();
    await act();
    hooks.after = () => {
      throw new Error('the answer was lost');
    };
    await expect(act()).rejects.toThrow('the answer was lost');
    delete hooks.after;
    await expect(act()).rejects.toThrow(/an act before may have been done.*decide again/);
    expect(workload.accepted).toHaveLength(2);
    await act();
    expect(calls.slice(3)).toEqual(['act', 'read', 'act']);
    expect(notes).toEqual(['accepted', 'uncertain', 'conflict', 'accepted']);
  });

  it('acts when that act was not done; should it come yet, the workload refuses it', async () => {
    const { act, workload, hooks, by } = rigOf();
    await act();
    const { version } = await workload.read();
    hooks.before = () => {
      throw new Error('the network is down');
    };
    await expect(act()).rejects.toThrow('the network is down');
    delete hooks.before;
    await act();
    await expect(workload.act({ by }, version)).rejects.toBeInstanceOf(WorkloadConflict);
    expect(workload.accepted).toHaveLength(2);
  });

  it('reads before each act where writes do not tell the version that they made', async () => {
    const { act, calls, workload } = rigOf(5, new JudgedWorkload({ tellsVersions: false }));
    await act();
    await act();
    expect(calls).toEqual(['read', 'stamp', 'read', 'act', 'read', 'act']);
    workload.restamp({ token: 6, holder: 'other' });
    await expect(act()).rejects.toBeInstanceOf(StaleTermError);
  });

  it('calls nothing when the term is over, also in the middle', async () => {
    const { act, term, hooks, calls, notes, workload } = rigOf();
    let last = 'read';
    hooks.after = (call) => {
      if (call === last) term.holds = false;
    };
    await expect(act()).rejects.toThrow('leader lease scaler: the term with token 5 is over; nothing was done');
    await expect(act()).rejects.toBeInstanceOf(StaleTermError);
    expect(calls).toEqual(['read']);
    expect(workload.stamps).toEqual([]);
    term.holds = true;
    last = 'stamp';
    await expect(act()).rejects.toBeInstanceOf(StaleTermError);
    expect(calls).toEqual(['read', 'read', 'stamp']);
    expect(notes).toEqual(['over', 'over', 'over']);
  });

  it('runs one call at a time, with the signal of the term', async () => {
    const { term, controller } = termOf(5);
    let running = 0;
    let most = 0;
    let release = () => {};
    const signals = new Set<AbortSignal>();
    const workload = new JudgedWorkload();
    const one = async <T>(signal: AbortSignal, run: () => Promise<T>) => {
      signals.add(signal);
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      running--;
      return run();
    };
    const fenced = fencedWorkload<SignedChange>(term, {
      read: (signal) => one(signal, () => workload.read()),
      stamp: (stamp, version, signal) => one(signal, () => workload.stamp(stamp, version)),
      act: (change, version, signal) => one(signal, () => workload.act(change, version)),
    });
    const by = { token: 5, holder: 'me' };
    const acts = [fenced.act({ by }), fenced.act({ by }), fenced.read()];
    for (let round = 0; round < 6; round++) {
      await settle();
      release();
    }
    await Promise.all(acts);
    expect(most).toBe(1);
    expect([...signals]).toEqual([controller.signal]);
  });
});
