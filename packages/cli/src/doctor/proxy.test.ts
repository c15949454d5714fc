import { expect, it } from 'vitest';
import { proxyPage, samples, told } from './pages.suite.js';
import { checkProxy, judgeProxy } from './proxy.js';

const FINE = {
  'collectors/collector1': 'UP',
  'collectors/collector2': 'UP',
  'collectors/collector3': 'MAINT',
  'lane_influxdb-1/collector1': 'UP',
  'lane_influxdb-1/collector2': 'UP',
  'lane_influxdb-2/collector1': 'UP',
  'lane_influxdb-2/collector2': 'UP',
  'influxdb/influxdb-1': 'UP',
  'influxdb/influxdb-2': 'UP',
  'reads_influxdb-1/influxdb-1': 'UP',
};
const EXPECTED = { collectors: 2, influxdb: 2 };

const judge = (servers: Record<string, string>, more = '', expected: typeof EXPECTED | undefined = EXPECTED) =>
  told(judgeProxy(samples(proxyPage({ ...FINE, ...servers }, more)), expected));

it('finds a proxy in order', () => {
  const more = 'haproxy_process_current_connections 9\nhaproxy_process_max_connections 4100\n';
  expect(judge({}, more)).toEqual([
    'ok proxy: servers of collectors: 2 of 2 up',
    'ok proxy: servers of influxdb: 2 of 2 up',
    'ok proxy: backends that have caught up: influxdb-1, influxdb-2',
    'ok proxy: slots for collectors: 2 of 3 taken',
    'ok proxy: queues: nothing waits',
    'ok proxy: connections: 9 of 4,100',
  ]);
});

it.each([
  [
    'a server is down',
    { 'influxdb/influxdb-2': 'DOWN' },
    '',
    'warning proxy: servers of influxdb: 1 of 2 up; down: influxdb-2 (L4CON)',
  ],
  ['a name does not resolve', { 'influxdb/influxdb-2': 'MAINT' }, '', 'warning proxy: servers of influxdb: 1 of 2 up'],
  [
    'every server is down',
    { 'influxdb/influxdb-1': 'DOWN', 'influxdb/influxdb-2': 'DOWN' },
    '',
    'unhealthy proxy: servers of influxdb: no server is up; down: influxdb-1 (L4CON), influxdb-2 (L4CON)',
  ],
  [
    'no name resolves',
    { 'influxdb/influxdb-1': 'MAINT', 'influxdb/influxdb-2': 'MAINT' },
    '',
    'unhealthy proxy: servers of influxdb: no server is up; down: none, as no name resolved',
  ],
  [
    'half of the collectors is no majority',
    { 'lane_influxdb-2/collector2': 'DOWN' },
    '',
    'warning proxy: backends that have caught up: not influxdb-2: 1 of 2 collectors say so; reads go elsewhere',
  ],
  [
    'no backend has caught up',
    {
      'lane_influxdb-1/collector1': 'DOWN',
      'lane_influxdb-1/collector2': 'DOWN',
      'lane_influxdb-2/collector1': 'DOWN',
      'lane_influxdb-2/collector2': 'DOWN',
    },
    '',
    'unhealthy proxy: backends that have caught up: none: influxdb-1: 0 of 2 collectors say so, influxdb-2: 0 of 2 collectors say so; reads may lack the newest',
  ],
  ['every slot is taken', { 'collectors/collector3': 'UP' }, '', 'warning proxy: slots for collectors: 3 of 3 taken'],
  [
    'requests wait',
    {},
    'haproxy_backend_current_queue{proxy="collectors"} 12\nhaproxy_backend_current_queue{proxy="grafana"} 0\n',
    'warning proxy: queues: 12 requests for collectors',
  ],
  [
    'connections run out',
    {},
    'haproxy_process_current_connections 3690\nhaproxy_process_max_connections 4100\n',
    'warning proxy: connections: 3,690 of 4,100',
  ],
])('sees when %s', (_name, servers, more, line) => {
  expect(judge(servers, more)).toContain(line);
});

it('expects no number of servers where no stack file tells one', () => {
  expect(told(judgeProxy(samples(proxyPage({ 'influxdb/a': 'UP', 'influxdb/b': 'MAINT' })), undefined))).toContain(
    'ok proxy: servers of influxdb: 1 up',
  );
});

it('refuses the page of somebody else', async () => {
  const ask = async () => ({ status: 200, text: 'process_start_time_seconds 1\n' });
  expect(told(await checkProxy('http://a', undefined, ask))).toEqual([
    'unhealthy proxy: http://a/metrics is no metrics page of HAProxy',
  ]);
});
