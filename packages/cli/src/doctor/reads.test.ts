import { expect, it } from 'vitest';
import { judgePing } from './reads.js';

it('takes 204 for an InfluxDB, and nothing else', () => {
  expect(judgePing('http://a/ping', { status: 204, text: '' }).health).toBe('ok');
  expect(judgePing('http://a/ping', { status: 200, text: '' }).evidence).toBe('http://a/ping answers 200: nothing');
  expect(judgePing('http://a/ping', { status: 503, text: 'No server\n' })).toMatchObject({
    health: 'unhealthy',
    evidence: 'http://a/ping answers 503: No server',
  });
  expect(judgePing('http://a/ping', { silence: 'no answer within 5 s' })).toMatchObject({
    health: 'unhealthy',
    evidence: 'http://a/ping: no answer within 5 s',
  });
});
