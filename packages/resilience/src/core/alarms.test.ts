import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.js';
import { Alarm, Alarms } from './alarms.js';
import type { Clock, Timer } from './clock.js';

class Bell extends Alarm {
  readonly name: string;
  readonly #heard: string[];
  readonly #also: (() => void) | undefined;

  constructor(name: string, heard: string[], also?: () => void) {
    super();
    this.name = name;
    this.#heard = heard;
    this.#also = also;
  }

  expire(): void {
    this.#heard.push(this.name);
    this.#also?.();
  }
}

function alarmsOf(delayMs = 100) {
  const clock = new VirtualClock();
  const heard: string[] = [];
  return { clock, heard, alarms: new Alarms(clock, delayMs), bell: (name: string) => new Bell(name, heard) };
}

describe('Alarms', () => {
  it('ring after their delay, not before', async () => {
    const { clock, heard, alarms, bell } = alarmsOf();
    const a = bell('a');
    alarms.set(a);
    expect(a).toMatchObject({ dueMs: 100, armed: true });
    await clock.advance(99);
    expect(heard).toEqual([]);
    await clock.advance(1);
    expect(heard).toEqual(['a']);
    expect(a.armed).toBe(false);
    await clock.advance(1_000);
    expect(heard).toEqual(['a']);
  });

  it('ring each at its own time, with one timer for all', async () => {
    const { clock, heard, alarms, bell } = alarmsOf();
    for (const name of ['a', 'b', 'c']) {
      alarms.set(bell(name));
      await clock.advance(30);
    }
    expect(clock.timers).toBe(1);
    await clock.advance(10);
    expect(heard).toEqual(['a']);
    expect(clock.timers).toBe(1);
    await clock.advance(29);
    expect(heard).toEqual(['a']);
    await clock.advance(1);
    expect(heard).toEqual(['a', 'b']);
    await clock.advance(30);
    expect(heard).toEqual(['a', 'b', 'c']);
    expect(clock.timers).toBe(0);
  });

  it('ring all that are overdue after a stall, oldest first', async () => {
    const { clock, heard, alarms, bell } = alarmsOf();
    for (const name of ['a', 'b', 'c']) {
      alarms.set(bell(name));
      clock.stall(10);
    }
    clock.stall(500);
    await clock.advance(0);
    expect(heard).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['first', 'a', ['b', 'c']],
    ['middle', 'b', ['a', 'c']],
    ['last', 'c', ['a', 'b']],
  ])('do not ring when the %s was cancelled', async (_, cancelled, rest) => {
    const { clock, heard, alarms, bell } = alarmsOf();
    const bells = ['a', 'b', 'c'].map(bell);
    for (const one of bells) alarms.set(one);
    const gone = bells.find(({ name }) => name === cancelled)!;
    alarms.cancel(gone);
    alarms.cancel(gone);
    expect(gone.armed).toBe(false);
    await clock.advance(100);
    expect(heard).toEqual(rest);
  });

  it('can be cancelled after they rang, without harm to others', async () => {
    const { clock, heard, alarms, bell } = alarmsOf();
    const a = bell('a');
    alarms.set(a);
    await clock.advance(100);
    alarms.set(bell('b'));
    alarms.cancel(a);
    await clock.advance(100);
    expect(heard).toEqual(['a', 'b']);
  });

  it('can be set again, also by one that rings', async () => {
    const { clock, heard, alarms } = alarmsOf();
    let times = 0;
    const again: Bell = new Bell('again', heard, () => {
      if (++times < 3) alarms.set(again);
    });
    alarms.set(again);
    await clock.advance(100);
    expect(heard).toHaveLength(1);
    await clock.advance(200);
    expect(heard).toHaveLength(3);
    expect(clock.timers).toBe(0);
  });

  it('ring in time although one that rings sets another', async () => {
    const { clock, heard, alarms, bell } = alarmsOf();
    alarms.set(new Bell('a', heard, () => alarms.set(bell('c'))));
    await clock.advance(10);
    alarms.set(bell('b'));
    await clock.advance(100);
    expect(heard).toEqual(['a', 'b']);
    await clock.advance(90);
    expect(heard).toEqual(['a', 'b', 'c']);
    expect(clock.timers).toBe(0);
  });

  it('can cancel one another while they ring', async () => {
    const { clock, heard, alarms, bell } = alarmsOf();
    const b = bell('b');
    alarms.set(new Bell('a', heard, () => alarms.cancel(b)));
    alarms.set(b);
    await clock.advance(100);
    expect(heard).toEqual(['a']);
  });

  it('ring in time although the timer was started for one that was cancelled', async () => {
    const { clock, heard, alarms, bell } = alarmsOf();
    const a = bell('a');
    alarms.set(a);
    await clock.advance(60);
    alarms.cancel(a);
    alarms.set(bell('b'));
    await clock.advance(99);
    expect(heard).toEqual([]);
    await clock.advance(1);
    expect(heard).toEqual(['b']);
  });

  it('let an idle process end, and keep a waiting one alive', () => {
    const said: string[] = [];
    const timer: Timer = {
      ref: () => said.push('ref'),
      unref: () => said.push('unref'),
      [Symbol.dispose]: () => said.push('dispose'),
    };
    const clock: Clock = {
      now: () => 0,
      wall: () => 0,
      after: () => {
        said.push('after');
        return timer;
      },
    };
    const alarms = new Alarms(clock, 100);
    const [a, b] = [new Bell('a', []), new Bell('b', [])];
    alarms.set(a);
    alarms.set(b);
    alarms.cancel(a);
    expect(said).toEqual(['after']);
    alarms.cancel(b);
    expect(said).toEqual(['after', 'unref']);
    alarms.set(a);
    expect(said).toEqual(['after', 'unref', 'ref']);
  });
});
