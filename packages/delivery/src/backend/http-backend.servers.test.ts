import { faultProxy, sentAgainAfterSuccess, startServer } from '@breakwater/testbed';
import { describe, expect, it } from 'vitest';
import type { Answer } from './backend.js';
import { type BackendRig, backendContract, linesOf, requestOf } from './backend.suite.js';
import { httpBackend } from './http-backend.js';

const AUTH = { user: 'keeper', password: 'lamp-oil' };
const token = `${AUTH.user}:${AUTH.password}`;
const headers = { authorization: `Basic ${Buffer.from(token).toString('base64')}` };

backendContract('a backend that is InfluxDB 1.6', async (): Promise<BackendRig> => {
  const server = await startServer('influxdb', { database: 'one', auth: AUTH });
  const query = async (db: string, q: string): Promise<{ series?: Array<{ values: number[][] }> }> => {
    const url = `${server.url}/query?${new URLSearchParams({ db, q })}`;
    const { results } = (await (await fetch(url, { method: 'POST', headers })).json()) as { results: [object] };
    return results[0];
  };
  await query('', 'CREATE DATABASE "two"');
  return {
    dialect: 'influxdb-1',
    url: server.url,
    token,
    org: '',
    buckets: ['one', 'two/autogen'],
    badLines: 'others-stored',
    async count(measurement, bucket) {
      const { series } = await query(bucket.split('/')[0]!, `SELECT COUNT(value) FROM "${measurement}"`);
      return series?.[0]?.values[0]?.[1] ?? 0;
    },
    crash: () => crash(server),
    restart: () => server.restart(),
    stop: () => server.stop(),
  };
});

backendContract('a backend that is VictoriaMetrics', async (): Promise<BackendRig> => {
  const server = await startServer('victoria-metrics', { auth: AUTH });
  const counted = async (measurement: string, bucket: string): Promise<number> => {
    const match = `${measurement}_value{db="${bucket}"}`;
    const url = `${server.url}/api/v1/export?${new URLSearchParams({ 'match[]': match })}`;
    const text = await (await fetch(url, { headers })).text();
    const series = text.split('\n').filter((line) => line !== '');
    return series.reduce((sum, line) => sum + (JSON.parse(line) as { values: number[] }).values.length, 0);
  };
  return {
    dialect: 'victoria-metrics',
    url: server.url,
    token,
    org: '',
    buckets: ['one', 'two'],
    badLines: undefined,
    async count(measurement, bucket, due) {
      await server.flush();
      // What was flushed shows after a second.
      await expect.poll(() => counted(measurement, bucket)).toBeGreaterThanOrEqual(due);
      return counted(measurement, bucket);
    },
    crash: () => crash(server),
    restart: () => server.restart(),
    stop: () => server.stop(),
  };
});

const never = new AbortController().signal;

describe('a backend of InfluxDB 1.6', () => {
  it('tells a missing retention policy from a server in trouble', async () => {
    await using server = await startServer('influxdb', { database: 'one' });
    const backend = httpBackend({ url: server.url, bucket: 'one/weekly' });
    expect(await backend.send(requestOf(linesOf('x', 1)), never)).toMatchObject({
      kind: 'hold',
      reason: 'not-found',
      scope: 'destination',
      words: '500 retention policy not found: weekly',
    });
    const nameless = { org: '', bucket: '' };
    const without = httpBackend({ url: server.url });
    expect(await without.send(requestOf(linesOf('x', 1), nameless), never)).toMatchObject({
      reason: 'not-found',
      scope: 'destination',
      words: '400 database is required',
    });
    await Promise.all([backend.close(), without.close()]);
  });

  it('has few words for a bad line of any length, and for any number of them', async () => {
    await using server = await startServer('influxdb', { database: 'one' });
    const backend = httpBackend({ url: server.url, bucket: 'one' });
    const long = [`x value=1${'x'.repeat(500_000)} 1\n`];
    const many = Array.from({ length: 5_000 }, (_, index) => `x,i=${index} value=1x ${index}\n`);
    for (const lines of [long, many]) {
      const answer = await backend.send(requestOf(lines), never);
      expect(answer).toEqual({
        kind: 'bad-lines',
        words: expect.stringMatching(/^400 unable to parse 'x.{170,200}…$/),
      });
    }
    await backend.close();
  });

  it('says that a line is bad also where its words do not fit into a header', async () => {
    await using server = await startServer('influxdb', { database: 'one' });
    const backend = httpBackend({ url: server.url, bucket: 'one' });
    const send = (...lines: string[]): Promise<Answer> => backend.send(requestOf(lines), never);
    for (const code of [0, 1, 8, 11, 13, 27, 31, 127]) {
      const name = `m${String.fromCharCode(code)}${code}`;
      expect(await send(`${name} f=1 1\n`)).toEqual({ kind: 'stored' });
      const conflict = { kind: 'bad-lines', words: expect.stringMatching(/^400 partial write: field type conflict/) };
      expect(await send(`${name} f="s" 2\n`)).toEqual(conflict);
      expect(await send('good f=1 1\n', `${name} f="s" 2\n`)).toEqual(conflict);
      expect(await send(`${name} f=2 2\n`)).toEqual({ kind: 'stored' });
    }
    await backend.close();
  });

  it('puts no batch into question when it fails over a name that is not UTF-8', async () => {
    await using server = await startServer('influxdb', { database: 'one' });
    const backend = httpBackend({ url: server.url, bucket: 'one' });
    const body = [Buffer.from('good f=1 1\nm\xff f=1 1\n', 'latin1')];
    const answer = await backend.send({ destination: { org: '', bucket: '' }, body, bytes: 20, points: 2 }, never);
    expect(answer).toMatchObject({ kind: 'hold', reason: 'server-error', mayBeStored: true });
    await backend.close();
  });

  it('says that the server is overloaded when it is', async () => {
    await using server = await startServer('influxdb', { database: 'busy', concurrentWrites: 1 });
    const backend = httpBackend({ url: server.url, bucket: 'busy' });
    const request = requestOf(Array.from({ length: 20_000 }, (_, index) => `load,series=s${index} value=1 ${index}\n`));
    const answers = await Promise.all(Array.from({ length: 8 }, () => backend.send(request, never)));
    expect(new Set(answers.map((answer) => (answer.kind === 'hold' ? answer.reason : answer.kind)))).toEqual(
      new Set(['stored', 'overloaded']),
    );
    await backend.close();
  });

  it('knows when an answer was lost, and sends nothing again by itself', async () => {
    await using server = await startServer('influxdb', { database: 'one' });
    await using proxy = await faultProxy(server.url, { recordBytes: 1_000_000 });
    const backend = httpBackend({ url: proxy.url, bucket: 'one' });
    const request = requestOf(linesOf('tide', 100));
    await proxy.set('reset-after', { only: 'writes', times: 1 });
    const lost = await backend.send(request, never);
    expect(lost).toMatchObject({ kind: 'hold', reason: 'network', mayBeStored: true });
    await proxy.set('half-answer', { only: 'writes', times: 1 });
    expect(await backend.send(request, never)).toMatchObject({ kind: 'hold', reason: 'network', mayBeStored: true });
    await proxy.set('down');
    await backend.send(request, never);
    expect(await backend.send(request, never)).toMatchObject({ reason: 'network', mayBeStored: false });
    await proxy.set({ status: 404, headers: { 'content-type': 'text/html' }, body: '<html>' }, { times: 2 });
    expect(await backend.send(request, never)).toMatchObject({ reason: 'not-found', scope: 'destination' });
    await proxy.set('none');
    expect(await backend.send(request, never)).toEqual({ kind: 'stored' });
    expect(backend.dialect).toBe('influxdb-1');
    expect(proxy.recorded.map(({ status }) => status)).toEqual([undefined, undefined, 404, 204]);
    expect(sentAgainAfterSuccess(proxy.recorded)).toBe(0);
    await backend.close();
  });
});

async function crash(server: { port: number; signal(name: 'SIGKILL'): void }): Promise<void> {
  server.signal('SIGKILL');
  await expect
    .poll(() =>
      fetch(`http://127.0.0.1:${server.port}/ping`).then(
        () => 'up',
        (error) => error.cause?.code,
      ),
    )
    .toBe('ECONNREFUSED');
}
