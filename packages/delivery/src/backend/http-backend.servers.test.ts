import { startServer } from '@breakwater/testbed';
import { expect } from 'vitest';
import { type BackendRig, backendContract } from './backend.suite.js';

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
    async count(measurement, bucket) {
      await server.flush();
      // What was flushed shows after a second; what does not exist never does.
      await expect
        .poll(() => counted(measurement, bucket), { timeout: 2_500 })
        .toBeGreaterThan(0)
        .catch(() => {});
      return counted(measurement, bucket);
    },
    crash: () => crash(server),
    restart: () => server.restart(),
    stop: () => server.stop(),
  };
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
