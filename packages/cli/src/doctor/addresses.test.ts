import { parseStack, STARTER } from '@breakwater/stack';
import { expect, it } from 'vitest';
import { addressesOf } from './addresses.js';
import { projectName } from './project-name.js';

const { stack } = parseStack(STARTER, 'starter');
const NOTHING = {
  url: undefined,
  collectors: [],
  reads: undefined,
  grafana: undefined,
  stats: undefined,
  prometheus: undefined,
  alertmanager: undefined,
};

it('takes the ports of the stack file', () => {
  expect(
    addressesOf({ ...NOTHING, url: 'http://lb.example' }, { ...stack, grafana: { ...stack.grafana, port: 3001 } }),
  ).toEqual({
    collectors: ['http://lb.example:8080'],
    reads: 'http://lb.example:8086',
    grafana: 'http://lb.example:3001',
    stats: 'http://lb.example:8404',
    prometheus: 'http://lb.example:9090',
    alertmanager: 'http://lb.example:9093',
  });
  expect(addressesOf({ ...NOTHING, url: 'http://[::1]' }, stack).stats).toBe('http://[::1]:8404');
});

it('speaks TLS to the fronts alone', () => {
  const proxy = { ...stack.proxy, tls: { certificate: '/a.pem' } };
  const { collectors, reads, stats, prometheus } = addressesOf(NOTHING, { ...stack, proxy });
  expect([collectors, reads]).toEqual([['https://127.0.0.1:8080'], 'https://127.0.0.1:8086']);
  expect([stats, prometheus]).toEqual(['http://127.0.0.1:8404', 'http://127.0.0.1:9090']);
});

it('takes an address for each part, and asks nobody where it says none', () => {
  const given = { ...NOTHING, collectors: ['http://a:1/', 'http://b:2'], grafana: 'none', reads: 'https://c' };
  expect(addressesOf(given, stack)).toMatchObject({
    collectors: ['http://a:1', 'http://b:2'],
    grafana: undefined,
    reads: 'https://c',
  });
  expect(addressesOf({ ...NOTHING, collectors: ['none'] }, stack).collectors).toEqual([]);
});

it.each([
  [{ url: 'http://a:8080' }, '--url is a host without port and path'],
  [{ url: 'http://a/b' }, '--url is a host without port and path'],
  [{ url: 'ftp://a' }, '--url must be an http or https URL'],
  [{ stats: 'http://u:hunter2@a' }, '--stats holds a user, a password or a query'],
  [{ collectors: ['none', 'http://a'] }, '--collectors is "none" and an address'],
])('refuses %o', (given, words) => {
  expect(() => addressesOf({ ...NOTHING, ...given }, stack)).toThrow(words);
});

it.each([
  ['/srv/My Stack.v2', {}, 'mystackv2'],
  ['/srv/_telemetry', {}, 'telemetry'],
  ['/srv/a', { COMPOSE_PROJECT_NAME: 'b' }, 'b'],
  ['/srv/a', { COMPOSE_PROJECT_NAME: '' }, 'a'],
])('%s with %o is the project %s', (folder, env, name) => {
  expect(projectName(folder, env)).toBe(name);
});
