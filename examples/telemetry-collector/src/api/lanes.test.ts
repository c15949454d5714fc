import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { FakeSpool, laneOf } from '../delivery/fake-spool.suite.js';
import { exposeLanes } from './lanes.js';
import { toProblem } from './problem.js';

const A = 'http://a:8086';
const B = 'https://b.test/influx';

describe('the lanes over HTTP', () => {
  const serve = (...lanes: Parameters<typeof laneOf>[]) => {
    const app = Fastify({ routerOptions: { maxParamLength: 500 } });
    app.setErrorHandler((error, _request, reply) => {
      const problem = toProblem(error);
      return reply.code(problem.statusCode).send(problem.body());
    });
    const spool = new FakeSpool(...lanes.map((lane) => laneOf(...lane)));
    exposeLanes(app, lanes.length === 0 ? undefined : { lanes: () => spool.lanes(), laneMaxLagMs: 10_000 });
    return app;
  };
  const ask = async (app: ReturnType<typeof serve>, name: string) => {
    const answer = await app.inject({ method: 'GET', url: `/health/lanes/${name}` });
    return { status: answer.statusCode, ...answer.json() };
  };

  it.each([encodeURIComponent(B), B, 'b.test', 'b.test:443', 'B.test'])('are found as %s', async (name) => {
    expect(await ask(serve([A], [B]), name)).toMatchObject({ status: 200, backend: B, caughtUp: true });
  });

  it.each([encodeURIComponent(A), 'a:8086'])('are found as %s', async (name) => {
    expect(await ask(serve([A], [B]), name)).toMatchObject({ status: 200, backend: A });
  });

  it('are in order while nothing has waited for longer than that', async () => {
    const app = serve([A, { pendingPoints: 5, heldPoints: 7, lagMs: 9_999.6 }]);
    expect(await ask(app, 'a:8086')).toEqual({
      status: 200,
      backend: A,
      caughtUp: true,
      lagMs: 10_000,
      pendingPoints: 5,
      heldPoints: 7,
      hold: null,
      heldDestinations: [],
    });
  });

  it('are not in order when something has', async () => {
    const answer = await ask(serve([A, { pendingPoints: 1_234, lagMs: 12_000 }]), 'a:8086');
    expect(answer).toMatchObject({ status: 503, caughtUp: false, lagMs: 12_000, pendingPoints: 1_234, hold: null });
    expect(answer.error).toEqual({
      reason: 'lane-behind',
      message: `${A} is 12 s behind with 1,234 points pending`,
    });
  });

  it('are not in order when their backend takes nothing, however little waits, and say why', async () => {
    const hold = { reason: 'network', words: 'connect ECONNREFUSED', untilMs: 0 } as const;
    const answer = await ask(serve([A, { pendingPoints: 1, lagMs: 30, hold }]), 'a:8086');
    expect(answer).toMatchObject({ status: 503, hold: { reason: 'network', words: 'connect ECONNREFUSED' } });
    expect(answer.error.message).toBe(`${A} is 30 ms behind with 1 point pending: connect ECONNREFUSED`);
  });

  it('are in order however long a destination is held, and show it', async () => {
    const held = { destination: 'typo', reason: 'not-found', words: 'no such\ndatabase', untilMs: 0 } as const;
    const lane = { pendingPoints: 1, heldDestinations: [held], heldDestinationsLagMs: 90_000_000 };
    expect(await ask(serve([A, lane]), 'a:8086')).toMatchObject({
      status: 200,
      caughtUp: true,
      lagMs: 0,
      heldDestinations: [{ destination: 'typo', reason: 'not-found', words: 'no such database' }],
    });
  });

  it('that there are not are answered with those that there are', async () => {
    expect(await ask(serve([A], [B]), 'c:8086')).toEqual({
      status: 404,
      error: { reason: 'not-found', message: `no lane is called "c:8086"; there are ${A}, ${B}` },
    });
  });

  it('that could be two are none', async () => {
    expect((await ask(serve([A], [`${A}/second`]), 'a:8086')).backend).toBeUndefined();
    const apart = serve([`${A}/first`], [`${A}/second`]);
    expect((await ask(apart, 'a:8086')).status).toBe(404);
    expect((await ask(apart, encodeURIComponent(`${A}/second`))).status).toBe(200);
  });

  it('are listed', async () => {
    const answer = await serve([A], [B, { lagMs: 20_000 }]).inject({ method: 'GET', url: '/health/lanes' });
    expect(answer.json().lanes).toMatchObject([
      { backend: A, caughtUp: true },
      { backend: B, caughtUp: false },
    ]);
  });

  it('are none without servers', async () => {
    const app = serve();
    expect((await app.inject({ method: 'GET', url: '/health/lanes' })).json()).toEqual({ lanes: [] });
    expect((await ask(app, 'a:8086')).error.message).toContain('INFLUX_URLS is not set');
  });
});
