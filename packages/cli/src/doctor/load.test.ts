import { expect, it } from 'vitest';
import { checkLoad, judgeLoad } from './load.js';

const shots = (...statuses: number[]) =>
  statuses.map((status, index) => ({ reply: { status, text: '' }, ms: (index + 1) * 10 }));

it('counts by status, and takes the p95 by nearest rank', () => {
  const verdict = judgeLoad('http://a', shots(...Array.from({ length: 20 }, () => 200)));
  expect(verdict).toMatchObject({ health: 'ok', evidence: '20 × POST /collect: 20 × 200; p95 190 ms' });
});

it.each([
  [shots(200, 429), 'warning', '2 × POST /collect: 1 × 200, 1 × 429; p95 20 ms'],
  [shots(429, 429), 'unhealthy', '2 × POST /collect: 2 × 429; p95 20 ms'],
  [shots(200, 503), 'unhealthy', '2 × POST /collect: 1 × 200, 1 × 503; p95 20 ms'],
  [shots(401), 'unhealthy', '1 × POST /collect: 1 × 401; p95 10 ms'],
  [
    [{ reply: { silence: 'no answer within 60 s' }, ms: 5 }],
    'unhealthy',
    '1 × POST /collect: 1 × no answer within 60 s; p95 5 ms',
  ],
] as const)('judges %o', (all, health, evidence) => {
  expect(judgeLoad('http://a', all)).toMatchObject({ health, evidence });
});

it('sends the token to /collect alone, all at once', async () => {
  const asked: unknown[] = [];
  let [now, most] = [0, 0];
  await checkLoad('http://a', 5, 'token-0123456789', async (url, request) => {
    asked.push([url, request?.method, request?.headers]);
    most = Math.max(most, ++now);
    await Promise.resolve();
    now--;
    return { status: 200, text: '' };
  });
  expect(asked).toEqual(
    Array.from({ length: 5 }, () => ['http://a/collect', 'POST', { authorization: 'Bearer token-0123456789' }]),
  );
  expect(most).toBe(5);
});
