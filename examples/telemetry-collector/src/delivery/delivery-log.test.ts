import { channel } from 'node:diagnostics_channel';
import { DELIVERY_CHANNEL, type DeliveryEvent } from '@breakwater/delivery';
import { VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { News } from '../event-log.js';
import { DeliveryLog } from './delivery-log.js';

const A = 'http://a:8086';
const held = (backend = A): DeliveryEvent => ({
  type: 'lane.held',
  backend,
  reason: 'network',
  words: 'connect ECONNREFUSED\u001b[2J',
  holdMs: 2_000,
});
const resumed: DeliveryEvent = { type: 'lane.resumed', backend: A };
const quarantined = (points: number): DeliveryEvent => ({ type: 'lane.quarantined', backend: A, points, words: 'no' });

describe('the log of the delivery', () => {
  let clock: VirtualClock;
  let log: DeliveryLog;
  let said: News[];
  beforeEach(() => {
    clock = new VirtualClock();
    said = [];
    log = new DeliveryLog(clock, (news) => said.push(news));
  });
  afterEach(() => log[Symbol.dispose]());
  const tell = (...events: DeliveryEvent[]) => {
    for (const event of events) channel(DELIVERY_CHANNEL).publish(event);
  };
  const messages = () => said.map(({ message }) => message);

  it('tells what happens at once, with what a program may want to know of it', () => {
    tell(held());
    expect(said).toEqual([
      {
        level: 'warn',
        message: `${A} waits 2 s: connect ECONNREFUSED [2J`,
        fields: expect.objectContaining({ event: 'lane.held', backend: A, reason: 'network' }),
      },
    ]);
  });

  it('tells of the same lane again after ten seconds only, and then how it is by then', async () => {
    tell(held(), resumed, held(), resumed);
    expect(messages()).toEqual([`${A} waits 2 s: connect ECONNREFUSED [2J`]);
    await clock.advance(10_000);
    expect(messages().slice(1)).toEqual([`${A} takes points again`]);
    expect(said[1]!.fields['events']).toBe(3);
    await clock.advance(20_000);
    tell(held());
    expect(said).toHaveLength(3);
  });

  it('repeats less and less often that a lane is still held, and tells at once that it is not any more', async () => {
    for (let second = 0; second < 3_600; second++) {
      tell(held());
      await clock.advance(1_000);
    }
    expect(said.length).toBeGreaterThan(5);
    expect(said.length).toBeLessThan(14);
    const before = said.length;
    tell(resumed);
    expect(messages().slice(before)).toEqual([`${A} takes points again`]);
  });

  it('sums points up', async () => {
    tell(quarantined(1), quarantined(2), quarantined(3_000));
    await clock.advance(10_000);
    expect(messages()).toEqual([`${A} refused 1 point: no`, `${A} refused 3,002 points: no`]);
  });

  it('keeps apart what is not the same', () => {
    tell(held(), held('http://b:8086'), quarantined(1), { type: 'intake.closed', reason: 'log-full', message: 'full' });
    expect(said).toHaveLength(4);
  });

  it('keeps slots and troubles apart, so that none hides another', () => {
    const trouble = (what: string) => ({ type: 'trouble', what, error: new Error('EIO') }) as const;
    tell(
      { type: 'slot.adopted', slot: 'slot-2' },
      { type: 'slot.adopted', slot: 'slot-3' },
      trouble('a'),
      trouble('b'),
    );
    expect(said).toHaveLength(4);
  });

  it('has words for everything that can happen', () => {
    const backend = A;
    tell(
      { type: 'lane.batch_limit', backend, maxBytes: 1_000 },
      { type: 'lane.rewound', backend, points: 5 },
      { type: 'lane.expired', backend, reason: 'age', points: 1 },
      { type: 'lane.damaged', backend, points: 2 },
      { type: 'lane.orphaned', backend, points: 3 },
      { type: 'intake.opened' },
      { type: 'slot.adopted', slot: 'slot-2' },
      { type: 'slot.finished', slot: 'slot-2' },
      { type: 'trouble', what: 'tending the log', error: new Error('EIO') },
    );
    expect(messages()).toEqual([
      `${A} takes requests of 1,000 bytes at most`,
      `${A} was restarted: 5 points are sent to it again`,
      `1 point for ${A} expired (age)`,
      `2 points for ${A} are damaged on disk: see spool verify`,
      `${A} is not in INFLUX_URLS; 3 points are kept for it: put it back, or see spool release`,
      'the log takes points again',
      'delivers slot-2 too, which a process that is gone has left behind',
      'has delivered what was left in slot-2',
      'tending the log: EIO',
    ]);
    expect(said.at(-1)!.fields['err']).toMatchObject({ message: 'EIO' });
  });

  it('says in the end what it had not said yet, and hears no more', () => {
    tell(held(), resumed);
    log[Symbol.dispose]();
    tell(held());
    expect(messages()).toEqual([`${A} waits 2 s: connect ECONNREFUSED [2J`, `${A} takes points again`]);
  });
});
