import { describe, expect, it } from 'vitest';
import { RejectedError } from '../core/errors.js';
import { retryAfterMs } from './retry-after.js';

const NOW = Date.UTC(1994, 10, 6, 8, 49, 7);
const header = (value: unknown) => retryAfterMs({ value: { headers: { 'retry-after': value } } }, NOW);

describe('retryAfterMs', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 3 ', 3000],
    ['1.5', 1500],
    ['9999999999', 9_999_999_999_000],
  ])('reads seconds: %j', (text, ms) => {
    expect(header(text)).toBe(ms);
  });

  it.each([
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    ' Sun, 06 Nov 1994 08:49:37 GMT ',
  ])('reads a date: %j', (text) => {
    expect(header(text)).toBe(30_000);
  });

  it.each(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'])('knows the day %s', (day) => {
    expect(header(`${day}, 06 Nov 1994 08:49:37 GMT`)).toBe(30_000);
  });

  it.each(['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])('knows %s', (day) => {
    expect(header(`${day}, 06-Nov-94 08:49:37 GMT`)).toBe(30_000);
  });

  it('waits no more for a date that has passed', () => {
    expect(header('Sun, 06 Nov 1994 08:00:00 GMT')).toBe(0);
  });

  it.each([
    '',
    'soon',
    '-1',
    '1e3',
    '0x10',
    '12345678901',
    '1994-11-06T08:49:37Z',
    '5 apples',
    'Sun, 99 Nov 1994 08:49:37 GMT',
    'x Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT (soon)',
    `Sun, 06 Nov 1994 08:49:37 GMT${' '.repeat(64)}`,
    '1'.repeat(65),
  ])('asks for nothing if it cannot be read: %j', (text) => {
    expect(header(text)).toBeUndefined();
  });

  it.each([null, undefined, true, {}, [], [7n]])('asks for nothing if it is no text: %s', (value) => {
    expect(header(value)).toBeUndefined();
  });

  it('takes a number, and the first of several', () => {
    expect(header(7)).toBe(7000);
    expect(header(['2', '9'])).toBe(2000);
  });

  it('finds the header in any shape of headers, in any case', () => {
    expect(retryAfterMs({ value: { headers: { 'Retry-After': '2' } } }, NOW)).toBe(2000);
    expect(retryAfterMs({ value: { headers: new Headers({ 'Retry-After': '2' }) } }, NOW)).toBe(2000);
    expect(retryAfterMs({ value: { headers: new Map([['retry-after', '2']]) } }, NOW)).toBe(2000);
    expect(retryAfterMs({ value: new Response(null, { headers: { 'retry-after': '2' } }) }, NOW)).toBe(2000);
    expect(retryAfterMs({ value: { headers: { 'content-type': '2' } } }, NOW)).toBeUndefined();
    expect(retryAfterMs({ value: { headers: new Headers() } }, NOW)).toBeUndefined();
  });

  it('finds it on errors and on their responses', () => {
    expect(retryAfterMs({ error: { headers: { 'retry-after': '2' } } }, NOW)).toBe(2000);
    const error = Object.assign(new Error('no'), { response: { headers: { 'retry-after': '3' } } });
    expect(retryAfterMs({ error }, NOW)).toBe(3000);
  });

  it('takes retryAfterMs before any header', () => {
    expect(retryAfterMs({ error: RejectedError.of('p', 'open', { retryAfterMs: 250 }) }, NOW)).toBe(250);
    expect(retryAfterMs({ value: { retryAfterMs: 0, headers: { 'retry-after': '2' } } }, NOW)).toBe(0);
  });

  it.each([-1, Number.NaN, '5', null])('overlooks a retryAfterMs of %s', (value) => {
    expect(retryAfterMs({ value: { retryAfterMs: value, headers: { 'retry-after': '2' } } }, NOW)).toBe(2000);
  });

  it.each([undefined, null, 'no', 503, () => 1])('asks for nothing in %s', (thing) => {
    expect(retryAfterMs({ value: thing }, NOW)).toBeUndefined();
    expect(retryAfterMs({ error: thing }, NOW)).toBeUndefined();
    expect(retryAfterMs({ value: { headers: thing, response: thing } }, NOW)).toBeUndefined();
  });
});
