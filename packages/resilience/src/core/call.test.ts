import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Call } from './call.js';
import { TimeoutError } from './errors.js';
import type { Options } from './types.js';

const root = (options?: Options) => Call.root(() => 'done', options);
const never = () => {
  throw new Error('this must not run');
};

/** A caller's signal, and how many listen to it. */
function countedSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  return { controller, signal, listeners: () => getEventListeners(signal, 'abort').length };
}

describe('Call', () => {
  it('has the caller’s options, no deadline and the first attempt, unless told otherwise', () => {
    expect(root()).toMatchObject({ options: {}, deadline: Number.POSITIVE_INFINITY, attempt: 1 });
    const options = { key: 'a', deadline: 5 };
    expect(root(options)).toMatchObject({ options, deadline: 5 });
    expect(root(options).options).toBe(options);
  });

  it('has an identity of its own, shared with its children', () => {
    const call = root();
    const other = root();
    expect(call.id).toBeGreaterThan(0);
    expect(other.id).not.toBe(call.id);
    expect(call.child(9).id).toBe(call.id);
    expect(call.child(9).child(8).id).toBe(call.id);
  });

  describe('children', () => {
    it('have a deadline that is never later than their parent’s', () => {
      const call = root({ deadline: 100 });
      expect(call.child(50).deadline).toBe(50);
      expect(call.child(500).deadline).toBe(100);
      expect(call.child(50).child(70).deadline).toBe(50);
    });

    it('keep the attempt, or have another', () => {
      const call = root().child(1, 3);
      expect(call.attempt).toBe(3);
      expect(call.child(1).attempt).toBe(3);
    });

    it('run the same operation with the same options', () => {
      const call = root({ key: 'a' });
      expect(call.child(1).operation).toBe(call.operation);
      expect(call.child(1).options).toBe(call.options);
    });
  });

  describe('its signal', () => {
    it('is made when it is first read, and stays the same', () => {
      const call = root();
      expect(call.signal).toBeInstanceOf(AbortSignal);
      expect(call.signal).toBe(call.signal);
      expect(call.signal.aborted).toBe(false);
    });

    it('costs no listener on the caller’s signal until it is read', () => {
      const { signal, listeners } = countedSignal();
      const call = root({ signal });
      call.child(5).child(4);
      expect(listeners()).toBe(0);
      expect(call.aborted).toBe(false);
      expect(listeners()).toBe(0);
      call.child(5).signal;
      expect(listeners()).toBe(1);
    });

    it('is aborted with the caller’s signal, for the same reason, however deep', () => {
      const controller = new AbortController();
      const call = root({ signal: controller.signal });
      const deep = call.child(5).child(4);
      const { signal } = deep;
      const reason = new Error('changed my mind');
      controller.abort(reason);
      expect(signal.aborted).toBe(true);
      expect(signal.reason).toBe(reason);
      expect(deep.reason).toBe(reason);
    });

    it('is aborted at once when it is read too late', () => {
      const controller = new AbortController();
      const call = root({ signal: controller.signal });
      controller.abort('gone');
      expect(call.signal.aborted).toBe(true);
      expect(call.child(1).signal.reason).toBe('gone');
    });

    it('is that of its own call: a child that is aborted aborts neither parent nor sibling', () => {
      const call = root();
      const [one, two] = [call.child(1), call.child(1)];
      const signals = [call.signal, two.signal];
      one.abort('slow');
      expect(one.signal.aborted).toBe(true);
      expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
      expect([call.aborted, two.aborted]).toEqual([false, false]);
    });
  });

  describe('aborting', () => {
    it('keeps the first reason', () => {
      const call = root();
      call.abort('first');
      call.abort('second');
      expect(call.reason).toBe('first');
      expect(call.signal.reason).toBe('first');
    });

    it('is seen by children without a listener', () => {
      const call = root();
      const child = call.child(1);
      call.abort('stop');
      expect(child.aborted).toBe(true);
      expect(child.reason).toBe('stop');
    });

    it('aborts the signal that a child gave out, however deep, and no signal above', () => {
      const call = root();
      const middle = call.child(1);
      const deep = middle.child(1);
      const signals = [deep.signal, middle.signal, call.signal];
      middle.abort('stop');
      expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, false]);
      expect(deep.signal.reason).toBe('stop');
    });

    it('leaves a child its own reason', () => {
      const call = root();
      const child = call.child(1);
      child.abort('mine');
      call.abort('theirs');
      expect(child.reason).toBe('mine');
    });

    it('tells who abandoned: only the caller’s own signal', () => {
      const controller = new AbortController();
      const call = root({ signal: controller.signal });
      const child = call.child(1);
      child.abort(new Error('timeout'));
      expect(child.abandoned).toBe(false);
      controller.abort();
      expect([call.abandoned, child.abandoned]).toEqual([true, true]);
      const free = root();
      free.abort('timeout');
      expect(free.abandoned).toBe(false);
    });

    it('says what ended it: a deadline, or somebody who gave it up', () => {
      const late = root();
      late.abort(new TimeoutError('t', 5));
      expect(late.child(1).ending).toBe('deadline');
      const left = root();
      left.abort(new Error('left'));
      expect(left.ending).toBe('aborted');
    });
  });

  describe('onAbort', () => {
    it('runs the listener once', () => {
      const call = root();
      let heard = 0;
      call.onAbort(() => heard++);
      expect(heard).toBe(0);
      call.abort('stop');
      call.abort('stop');
      expect(heard).toBe(1);
    });

    it('runs it at once when the call was aborted already, above or here', () => {
      let heard = 0;
      const call = root();
      const child = call.child(1);
      call.abort('stop');
      call.onAbort(() => heard++)[Symbol.dispose]();
      child.onAbort(() => heard++);
      expect(heard).toBe(2);
    });

    it('hears the caller’s signal and the parent’s abort', () => {
      const controller = new AbortController();
      const heard: string[] = [];
      const call = root({ signal: controller.signal });
      call.child(1).onAbort(() => heard.push('child'));
      call.onAbort(() => heard.push('root'));
      controller.abort();
      expect(heard.sort()).toEqual(['child', 'root']);
    });

    it('runs nothing that was disposed', () => {
      const call = root();
      const listening = call.onAbort(never);
      listening[Symbol.dispose]();
      call.abort('stop');
    });

    it('runs each of several listeners, although they are the same function', () => {
      const call = root();
      const heard: string[] = [];
      call.onAbort(() => heard.push('one'));
      call.onAbort(() => heard.push('two'));
      call.abort('stop');
      expect(heard).toEqual(['one', 'two']);
    });
  });

  it('leaves no listener on the caller’s signal when it is closed, or aborted', () => {
    const { signal, listeners } = countedSignal();
    const call = root({ signal });
    call.signal;
    call.onAbort(never);
    expect(listeners()).toBe(1);
    call.close();
    call.close();
    expect(listeners()).toBe(0);
    const other = root({ signal });
    other.onAbort(() => {});
    other.abort('stop');
    expect(listeners()).toBe(0);
  });

  it('leaves none either where its signal is read when it is closed, at first or again', () => {
    const { controller, signal, listeners } = countedSignal();
    const call = root({ signal });
    const child = call.child(1);
    const other = root({ signal });
    other.signal;
    for (const each of [call, other]) each.close();
    const late = [call.signal, child.signal, other.signal];
    expect(listeners()).toBe(0);
    controller.abort('stop');
    expect(late.map(({ aborted }) => aborted)).toEqual([false, false, false]);
    expect(call.child(1).signal.aborted).toBe(true);
  });

  it('leaves no listener on its parent when a child is closed', () => {
    const call = root();
    const child = call.child(1);
    child.onAbort(never);
    child.close();
    call.abort('stop');
  });

  describe('an operation that runs on', () => {
    function running() {
      let end!: (how: 'resolve' | 'reject') => void;
      const promise = new Promise((resolve, reject) => {
        end = (how) => (how === 'resolve' ? resolve('late') : reject(new Error('late')));
      });
      return { promise, end };
    }

    it('is waited for, in its call and in those above it, and not beside it', async () => {
      const call = root();
      const child = call.child(1);
      const sibling = call.child(1);
      const { promise, end } = running();
      const order: string[] = [];
      child.runOn(promise, () => order.push('settled'));
      expect([call.runningOn, child.runningOn, sibling.runningOn]).toEqual([1, 1, 0]);
      child.whenQuiet(() => order.push('child'));
      call.whenQuiet(() => order.push('root'));
      sibling.whenQuiet(() => order.push('sibling'));
      expect(order).toEqual(['sibling']);
      end('resolve');
      await promise;
      expect(order).toEqual(['sibling', 'child', 'root', 'settled']);
      expect([call.runningOn, child.runningOn]).toEqual([0, 0]);
    });

    it('may fail', async () => {
      const call = root();
      const { promise, end } = running();
      let settled = 0;
      call.runOn(promise, () => settled++);
      end('reject');
      await promise.catch(() => {});
      expect(call.runningOn).toBe(0);
      expect(settled).toBe(1);
    });

    it('is quiet only when the last of several has settled', async () => {
      const call = root();
      const [one, two] = [running(), running()];
      call.runOn(one.promise, () => {});
      call.runOn(two.promise, () => {});
      let quiet = 0;
      call.whenQuiet(() => quiet++);
      one.end('resolve');
      await one.promise;
      expect(quiet).toBe(0);
      two.end('reject');
      await two.promise.catch(() => {});
      expect(quiet).toBe(1);
    });

    it('runs what waits for quiet once, and at once when it is quiet', async () => {
      const call = root();
      let quiet = 0;
      call.whenQuiet(() => quiet++);
      expect(quiet).toBe(1);
      const { promise, end } = running();
      call.runOn(promise, () => {});
      call.whenQuiet(() => quiet++);
      end('resolve');
      await promise;
      expect(quiet).toBe(2);
      const again = running();
      call.runOn(again.promise, () => {});
      again.end('resolve');
      await again.promise;
      expect(quiet).toBe(2);
    });
  });

  describe('in a queue', () => {
    it('is queued, and so is every call above it, until it leaves', () => {
      const call = root();
      const child = call.child(1);
      child.enterQueue();
      expect([call.queued, child.queued]).toEqual([true, true]);
      call.enterQueue();
      child.leaveQueue();
      expect([call.queued, child.queued]).toEqual([true, false]);
      call.leaveQueue();
      expect(call.queued).toBe(false);
    });
  });

  it('is abortable where somebody could abort it', () => {
    expect(root().abortable).toBe(false);
    expect(root().child(Number.POSITIVE_INFINITY).abortable).toBe(true);
    expect(root({ deadline: 5 }).abortable).toBe(true);
    expect(root({ signal: new AbortController().signal }).abortable).toBe(true);
  });
});
