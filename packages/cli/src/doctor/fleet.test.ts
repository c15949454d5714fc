import { expect, it } from 'vitest';
import { judgeFleet } from './fleet.js';
import { answer, told } from './pages.suite.js';

const FLEET = {
  fleet: 'telemetry',
  id: 'a:8080',
  standing: { kind: 'member', holds: true },
  redis: { address: 'redis:6379', state: 'ready' },
  total: 2,
  members: [{ id: 'b:8080' }, { id: 'a:8080' }],
  error: null,
};
const judge = (changes: object, wanted: { min: number; max: number } | undefined = { min: 2, max: 2 }) =>
  told(judgeFleet({ what: 'fleet', url: 'http://a/fleet', advice: 'look' }, answer({ ...FLEET, ...changes }), wanted));

it('finds a fleet in order', () => {
  expect(judge({})).toEqual(['ok fleet: standing: member', 'ok fleet: members: 2 of at least 2: a:8080, b:8080']);
});

it.each([
  ['alone', 'unhealthy'],
  ['joining', 'warning'],
  ['unsure', 'warning'],
  ['out', 'warning'],
  ['constructor', 'warning'],
])('standing %s is %s', (kind, health) => {
  expect(judge({ standing: { kind, holds: true } })[0]).toBe(`${health} fleet: standing: ${kind}`);
});

it('counts against the stack file, where there is one', () => {
  expect(judge({}, { min: 3, max: 20 })[1]).toBe('unhealthy fleet: members: 2 of at least 3: a:8080, b:8080');
  expect(judge({}, { min: 1, max: 1 })[1]).toBe('warning fleet: members: 2 of at least 1: a:8080, b:8080');
  const unknown = judgeFleet({ what: 'fleet', url: 'http://a', advice: '' }, answer(FLEET), undefined);
  expect(told(unknown)[1]).toBe('ok fleet: members: 2: a:8080, b:8080');
});

it('says why who is there is not known', () => {
  const changes = { total: null, members: null, error: 'Redis at redis:6379 cannot be reached' };
  expect(judge(changes)[1]).toBe(
    'unhealthy fleet: members: who is there is not known: Redis at redis:6379 cannot be reached',
  );
});
