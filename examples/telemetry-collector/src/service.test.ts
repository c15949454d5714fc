import type { DrainReport } from '@breakwater/delivery';
import { memoryHintStore } from '@breakwater/fleet';
import { systemClock as clock, type KeyedCircuitBreaker } from '@breakwater/resilience';
import { settle } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compose, TARGETS_BREAKER } from './compose.js';
import { Delivery } from './delivery/delivery.js';
import { FakeSpool, laneOf } from './delivery/fake-spool.suite.js';
import { FakeLink, FakeMembership } from './fleet/fake-membership.suite.js';
import { Fleet } from './fleet/fleet.js';
import { shareTargets } from './fleet/shared-targets.js';
import { CircuitWatch } from './flow/circuit-watch.js';
import { MemorySink } from './flow/collector-rig.suite.js';
import { targetOf } from './flow/rig.suite.js';
import { Service } from './service.js';

const A = 'http://a:8086';
const LINE = 'cpu used=0.5 1763784000000000001';

/** A service that has a sink and no log. */
function withSink(write: () => Promise<void>) {
  const sink = new MemorySink();
  sink.write = write;
  const composition = compose({ env: {}, sink, onLoss: () => {} });
  const service = new Service({
    composition,
    sink,
    delivery: undefined,
    fleet: undefined,
    measured: [],
    watch: new CircuitWatch(TARGETS_BREAKER, () => {}),
    apiToken: undefined,
    drainTimeoutMs: 20,
    onError: () => {},
  });
  return { service, composition };
}

describe('the service in front of a log', () => {
  let spool: FakeSpool;
  let service: Service;
  let member: FakeMembership;

  const make = (
    fleet?: Fleet,
    drainTimeoutMs = 10_000,
    made: (breaker: KeyedCircuitBreaker) => void = () => {},
  ): Service => {
    const config = { org: '', bucket: 'telemetry', maxBodyBytes: 1_000_000, laneMaxLagMs: 10_000 };
    const delivery = new Delivery({ spool, config, handOver: undefined, instance: 'one', clock });
    const { sink } = delivery;
    return new Service({
      composition: compose({
        env: {},
        sink,
        onLoss: () => {},
        share: (breaker) => {
          made(breaker);
          const members = { id: '', ids: [] };
          return shareTargets({ breaker, store: memoryHintStore(), members, clock });
        },
      }),
      sink,
      delivery,
      fleet,
      measured: [],
      watch: new CircuitWatch(TARGETS_BREAKER, () => {}),
      apiToken: undefined,
      drainTimeoutMs,
      onError: () => {},
    });
  };
  const fleet = (): Fleet =>
    new Fleet({
      name: 'telemetry',
      link: new FakeLink(),
      membership: ({ id }) => {
        member = new FakeMembership(id);
        return member;
      },
      onError: () => {},
      clock,
    });

  beforeEach(() => {
    spool = new FakeSpool(laneOf(A, { lagMs: 3_600_000, pendingPoints: 1_000_000 }));
    service = make();
    service.apply({ added: [], changed: [], removed: [] });
  });
  afterEach(() => service.close());

  const ready = async () => {
    const answer = await service.app.inject({ url: '/health/ready', headers: { host: 'localhost' } });
    return [answer.statusCode, answer.json().error?.message];
  };
  const write = () =>
    service.app.inject({ method: 'POST', url: '/write', headers: { host: 'localhost' }, payload: LINE });

  it('is drained in time though leaving its fleet hangs', async () => {
    const drained = make(fleet(), 200);
    drained.apply({ added: [], changed: [], removed: [] });
    drained.start('one');
    member.leave = () => new Promise(() => {});
    // Without a limit to the leaving it would never resolve.
    await drained.drain();
    await drained.close();
  });

  it('is ready while it accepts, however far a lane is behind', async () => {
    expect(await ready()).toEqual([200, undefined]);
    expect((await write()).statusCode).toBe(204);
    expect(spool.intake.stored).toEqual([LINE]);
  });

  it('is not ready while the log takes nothing, and says why', async () => {
    spool.intake.close('disk-full');
    expect(await ready()).toEqual([503, 'the log takes nothing: the log is closed: disk-full']);
    expect((await write()).statusCode).toBe(429);
    spool.intake.closure = undefined;
    expect(await ready()).toEqual([200, undefined]);
  });

  it('shows the lanes', () => {
    expect(service.snapshot().lanes).toEqual(spool.statuses);
  });

  it('drains turns before the log, within the time that there is, once', async () => {
    const draining = service.drain();
    expect(spool.drains).toEqual([]);
    expect(await ready()).toEqual([503, 'it drains']);
    expect((await write()).statusCode).toBe(503);
    const report = await draining;
    expect(await service.drain()).toBe(report);
    expect(spool.drains).toHaveLength(1);
    const { timeoutMs } = spool.drains[0]!;
    expect(timeoutMs).toBeGreaterThan(9_000);
    expect(timeoutMs).toBeLessThanOrEqual(10_000);
    expect(report).toMatchObject({ abortedTurns: 0, lostLines: 0, delivery: { leftPoints: 0 } });
  });

  it('leaves its fleet when nothing runs any more, whatever it still has to deliver', async () => {
    await service.close();
    service = make(fleet());
    service.apply({ added: [], changed: [], removed: [] });
    service.start('a:8080');
    await settle();
    expect(member.asked).toEqual(['join']);
    expect(service.snapshot().fleet).toEqual({ name: 'telemetry', standing: 'member', members: 1, targets: 0 });
    let delivered = (_report: DrainReport): void => {};
    spool.drain = () => new Promise((resolve) => (delivered = resolve));
    const draining = service.drain();
    await expect.poll(() => member.asked).toEqual(['join', 'leave']);
    expect(await ready()).toEqual([503, 'it drains']);
    delivered(spool.report);
    await draining;
  });

  it('takes no turn and joins no fleet when it was drained before it began', async () => {
    await service.close();
    service = make(fleet());
    service.apply({ added: [], changed: [], removed: [] });
    await service.drain();
    service.start('a');
    await settle();
    expect(service.snapshot().fleet?.standing).toBe('out');
  });

  it('leaves its limits although a sink that hangs took all of the time', async () => {
    const { service: late, composition } = withSink(() => new Promise(() => {}));
    late.apply({ added: [targetOf('web', { limit: { key: 'core', concurrent: 1 } })], changed: [], removed: [] });
    void composition.samples.add({ probe: 'tcp', lines: [LINE] });
    expect(await late.drain()).toMatchObject({ abortedTurns: 0, lostLines: 1 });
    await late.close();
  });

  it('is not ready while its sink fails, but where it has no target, and so will not write', async () => {
    await service.close();
    const { service: failing, composition } = withSink(() => Promise.reject(new Error('no space left')));
    service = failing;
    const web = targetOf('web');
    service.apply({ added: [web], changed: [], removed: [] });
    await composition.samples.add({ probe: 'tcp', lines: [LINE] });
    expect(await ready()).toEqual([503, 'the sink fails: no space left']);
    service.apply({ added: [], changed: [], removed: [web] });
    expect(await ready()).toEqual([200, undefined]);
    service.apply({ added: [web], changed: [], removed: [] });
    expect(await ready()).toEqual([503, 'the sink fails: no space left']);
  });

  it('remembers nothing of the circuit of a target that is gone', async () => {
    const web = targetOf('web');
    let targets: KeyedCircuitBreaker | undefined;
    await service.close();
    service = make(undefined, 10_000, (breaker) => {
      targets = breaker;
    });
    service.apply({ added: [web], changed: [], removed: [] });
    targets!.trip('web');
    expect(service.snapshot().targets[0]!.history).toEqual({ opened: 1, closed: 0 });
    service.apply({ added: [], changed: [], removed: [web] });
    service.apply({ added: [web], changed: [], removed: [] });
    expect(service.snapshot().targets[0]!.history).toEqual({ opened: 0, closed: 0 });
  });

  it('is ready, and drains, while its fleet fails', async () => {
    await service.close();
    service = make(fleet());
    service.apply({ added: [], changed: [], removed: [] });
    service.start('a');
    member.failure = new Error('no Redis');
    member.standing = { kind: 'alone', sinceMs: 0 };
    expect(await ready()).toEqual([200, undefined]);
    expect(await service.drain()).toMatchObject({ abortedTurns: 0 });
  });
});
