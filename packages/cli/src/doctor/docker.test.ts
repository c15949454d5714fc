import { expect, it } from 'vitest';
import { judgeContainers } from './docker.js';
import { told } from './pages.suite.js';

const container = (service: string, State: object = {}, more: object = {}) => ({
  Name: `/stack_${service}_1`,
  RestartCount: 0,
  Config: { Labels: { 'com.docker.compose.project': 'stack', 'com.docker.compose.service': service } },
  State: { Status: 'running', ExitCode: 0, OOMKilled: false, Health: { Status: 'healthy', Log: [] }, ...State },
  ...more,
});
const judge = (...all: object[]) =>
  told(judgeContainers({ name: 'stack', services: ['redis', 'influxdb-1'] }, { text: JSON.stringify(all) }));
const withRedis = (State: object, more?: object) => judge(container('influxdb-1'), container('redis', State, more));

it('finds containers in order', () => {
  expect(withRedis({})).toEqual(['ok docker: 2 containers of stack healthy']);
  expect(withRedis({ Health: null })).toEqual(['ok docker: 2 containers of stack healthy']);
});

it.each([
  [{ Status: 'exited', ExitCode: 137, OOMKilled: true }, 'unhealthy docker: stack_redis_1: exited (out of memory)'],
  [{ Status: 'exited', ExitCode: 2 }, 'unhealthy docker: stack_redis_1: exited (exit code 2)'],
  [{ Status: 'restarting', ExitCode: 1 }, 'unhealthy docker: stack_redis_1: restarting (exit code 1)'],
  [
    { Health: { Status: 'unhealthy', Log: [{ Output: 'old' }, { Output: 'NOAUTH\n' }] } },
    'unhealthy docker: stack_redis_1: its health check fails: NOAUTH',
  ],
  [{ Health: { Status: 'starting', Log: null } }, 'warning docker: stack_redis_1: is starting'],
])('judges %o', (state, line) => {
  expect(withRedis(state)).toEqual([line]);
});

it('sees restarts, and services without a container', () => {
  expect(withRedis({}, { RestartCount: 4 })).toEqual(['warning docker: stack_redis_1: was restarted 4 times']);
  expect(judge(container('redis'))).toEqual(['unhealthy docker: no container for influxdb-1']);
  expect(judge()).toEqual(['unhealthy docker: the Compose project stack has no container']);
});

it('says when docker cannot be asked', () => {
  const project = { name: 'stack', services: [] };
  expect(told(judgeContainers(project, { failure: 'there is no program called docker' }))).toEqual([
    'unhealthy docker: there is no program called docker',
  ]);
  expect(told(judgeContainers(project, { text: 'nonsense' }))).toEqual([
    'unhealthy docker: docker inspect says something else',
  ]);
});
