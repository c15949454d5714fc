import { Writable } from 'node:stream';
import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { MemoryIntake } from '../intake/memory-intake.suite.js';
import { writeGateway } from './gateway.js';

const LINE = 'm f=1 1';

/** A program with hooks, an error handler and parsers of its own. */
async function host() {
  let log = '';
  const stream = new Writable({
    write(piece, _encoding, done) {
      log += String(piece);
      done();
    },
  });
  const app = Fastify({ bodyLimit: 1_000, logger: { stream } });
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-host', 'yes');
    if (request.headers['x-bad'] !== undefined) {
      throw Object.assign(new Error('not with this header'), { statusCode: 403, headers: { 'x-why': 'bad' } });
    }
    if (request.headers['x-worse'] !== undefined) throw new Error('secret of the host');
  });
  app.setErrorHandler<Error & { statusCode?: number }>((error, _request, reply) =>
    reply.code(error.statusCode ?? 500).send({ host: error.message }),
  );
  app.setNotFoundHandler(async (_request, reply) => reply.code(404).send({ host: 'nothing here' }));
  app.post('/own', async (request) => ({ got: request.body }));
  const intake = new MemoryIntake();
  await app.register(writeGateway, { intake, instance: 'me', token: 't' });
  const write = (url: string, headers: Record<string, string> = {}, payload = LINE) =>
    app.inject({ method: 'POST', url, payload, headers: { authorization: 'Token t', ...headers } });
  return { app, intake, write, log: () => log };
}

describe('the write gateway in a program with routes of its own', () => {
  it('takes any type and its own size, and leaves the parsers of the others alone', async () => {
    const { app, intake, write } = await host();
    const long = `${LINE}\n`.repeat(1_000);
    const answer = await write('/write?db=t', { 'content-type': 'text/plain' }, long);
    expect([answer.statusCode, answer.headers['x-host']]).toEqual([204, 'yes']);
    expect(intake.lines).toHaveLength(1_000);

    const own = (payload: string, type: string) =>
      app.inject({ method: 'POST', url: '/own', payload, headers: { 'content-type': type } });
    expect((await own('{"a":1}', 'application/json')).json()).toEqual({ got: { a: 1 } });
    expect((await own('a', 'text/plain')).statusCode).toBe(415);
    expect((await own(`"${'a'.repeat(2_000)}"`, 'application/json')).json()).toEqual({
      host: 'Request body is too large',
    });
    await app.close();
  });

  it('answers in the words of InfluxDB, also for what a hook of the host refuses', async () => {
    const { app, write } = await host();
    const bad = await write('/api/v2/write?bucket=b', { 'x-bad': '1' });
    expect([bad.statusCode, bad.json(), bad.headers['x-why']]).toEqual([
      403,
      { code: 'forbidden', message: 'not with this header' },
      'bad',
    ]);
    const worse = await write('/write?db=t', { 'x-worse': '1' });
    expect([worse.statusCode, worse.json()]).toEqual([500, { error: 'the points were not accepted: internal error' }]);
    expect((await app.inject('/elsewhere')).json()).toEqual({ host: 'nothing here' });
    expect((await app.inject('/write')).json()).toEqual({ host: 'nothing here' });
    await app.close();
  });

  it('leaves no secret in its log', async () => {
    const { app, write, log } = await host();
    expect((await write('/write?db=t&u=root&p=s3cret')).statusCode).toBe(400);
    expect((await write('/api/v2/write?bucket=t&token=s3cret', { authorization: 'Token s3cret' })).statusCode).toBe(
      401,
    );
    expect(log()).toContain('/write');
    expect(log()).not.toContain('s3cret');
    await app.close();
  });
});
