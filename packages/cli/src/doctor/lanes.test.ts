import { expect, it } from 'vitest';
import { judgeLanes } from './lanes.js';
import { answer, told } from './pages.suite.js';

const LANE = {
  backend: 'http://influxdb-1:8086',
  caughtUp: true,
  lagMs: 40,
  pendingPoints: 3,
  heldPoints: 0,
  hold: null,
  heldDestinations: [],
};
const judge = (...lanes: object[]) =>
  judgeLanes({ what: 'lanes', url: 'http://a/health/lanes', advice: 'look' }, answer({ lanes }));

it('finds lanes in order', () => {
  expect(told(judge(LANE))).toEqual(['ok lanes: http://influxdb-1:8086: nothing waits']);
});

it('tells a lane that catches up from one that is held', () => {
  const behind = { ...LANE, caughtUp: false, lagMs: 200_000, pendingPoints: 1_200 };
  const hold = { reason: 'unauthorized', words: 'unauthorized access' };
  expect(told(judge(behind, { ...behind, hold }))).toEqual([
    'warning lanes: http://influxdb-1:8086 is 3 min 20 s behind with 1,200 points pending',
    'unhealthy lanes: http://influxdb-1:8086 is 3 min 20 s behind with 1,200 points pending: unauthorized: unauthorized access',
  ]);
  expect(judge({ ...behind, hold })[0]!.advice).toContain('INFLUX_TOKEN');
  expect(judge({ ...behind, hold: { reason: 'constructor', words: '' } })[0]!.advice).toContain('log of that backend');
});

it('names a destination that waits by itself', () => {
  const held = { destination: 'org/bucket', reason: 'not-found', words: 'no bucket\u001b[31m' };
  expect(told(judge({ ...LANE, heldDestinations: [held] }))).toEqual([
    'warning lanes: http://influxdb-1:8086: org/bucket waits: no bucket\\u{1b}[31m',
  ]);
});

it('warns where there is no backend, and refuses another page', () => {
  expect(told(judge())).toEqual(['warning lanes: there is no backend']);
  expect(told(judge({ backend: 1 }))[0]).toContain('answers something else');
});
