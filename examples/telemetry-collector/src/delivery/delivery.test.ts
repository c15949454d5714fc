import { VirtualClock } from '@breakwater/resilience/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { Delivery } from './delivery.js';
import { FakeSpool, laneOf } from './fake-spool.suite.js';

const CONFIG = { org: 'harbour', bucket: 'telemetry', maxBodyBytes: 1_000, laneMaxLagMs: 10_000 };
const DESTINATION = { org: '', bucket: 'telemetry' };
const A = 'http://a:8086';
const B = 'http://b:8086';

describe('delivery', () => {
  let spool: FakeSpool;
  const handOver = async (): Promise<void> => {};
  const open = (more: { handOver?: typeof handOver } = {}) =>
    new Delivery({ spool, config: CONFIG, handOver: more.handOver, instance: 'one', clock: new VirtualClock() });

  beforeEach(() => {
    spool = new FakeSpool(laneOf(A), laneOf(B));
  });

  it('delivers for as long as a drain may take, where nobody takes what is left', async () => {
    await open().drain(10_000);
    expect(spool.drains).toEqual([{ timeoutMs: 10_000, deliverMs: 10_000 }]);
  });

  it('keeps half of the time for handing over, where somebody does', async () => {
    await open({ handOver }).drain(10_000);
    expect(spool.drains).toEqual([{ timeoutMs: 10_000, deliverMs: 5_000, handOver }]);
  });

  it('says which folder it took, and what waits there for whom', () => {
    spool.statuses = [laneOf(A), laneOf(B, { pendingPoints: 1_200 })];
    expect(open().start).toEqual({ directory: spool.directory, waiting: { [B]: 1_200 } });
  });

  it('drains once, and says what is left where', async () => {
    const delivery = open();
    spool.report = {
      left: new Map([
        [A, 0],
        [B, 1_200],
      ]),
      handedOverPoints: 0,
    };
    const [report, again] = await Promise.all([delivery.drain(1_000), delivery.drain(1_000)]);
    expect(report).toMatchObject({ leftPoints: 1_200, directory: spool.directory, wasToHandOver: false });
    expect(again).toBe(report);
    expect(spool.drains).toHaveLength(1);
  });

  it('counts the points that it takes from everybody', async () => {
    const { intake } = open();
    const offer = { lines: [1, 2].map((points) => ({ body: Buffer.from(''), points })), destination: DESTINATION };
    await intake.accept(offer);
    expect(intake.points).toBe(3);
    spool.intake.close('disk-full');
    await expect(intake.accept(offer)).rejects.toThrow('disk-full');
    intake.refuse('malformed', 5);
    expect(intake.points).toBe(3);
    expect(spool.intake.refused).toEqual(
      new Map([
        ['disk-full', 3],
        ['malformed', 5],
      ]),
    );
    expect([intake.lanes, intake.closure?.reason]).toEqual([[A, B], 'disk-full']);
  });
});
