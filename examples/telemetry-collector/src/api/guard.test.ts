import { describe, expect, it } from 'vitest';
import { Guard, type GuardedRequest, isLoopback } from './guard.js';
import type { Problem } from './problem.js';

function refusal(guard: Guard, method: string, headers: GuardedRequest['headers']): string | undefined {
  try {
    guard.check({ method, headers });
    return undefined;
  } catch (error) {
    return `${(error as Problem).statusCode} ${(error as Problem).reason}`;
  }
}

describe('the guard with a token', () => {
  const guard = new Guard('s3cret');
  const host = 'collector.example:8080';

  it('lets anybody read', () => {
    expect(refusal(guard, 'GET', { host })).toBeUndefined();
    expect(refusal(guard, 'HEAD', { host })).toBeUndefined();
  });

  it('lets who carries the token change things, from wherever', () => {
    expect(refusal(guard, 'POST', { host, authorization: 'Bearer s3cret' })).toBeUndefined();
    expect(refusal(guard, 'POST', { host, authorization: 'bearer  s3cret' })).toBeUndefined();
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer s3cre',
    'Bearer s3cret2',
    'Bearer S3CRET',
    'Basic s3cret',
    's3cret',
    'Bearer s3cret extra',
  ])('refuses %j', (authorization) => {
    expect(refusal(guard, 'POST', { host, authorization })).toBe('401 unauthorized');
  });

  it('says which scheme it wants', () => {
    expect.assertions(1);
    try {
      guard.check({ method: 'POST', headers: { host } });
    } catch (error) {
      expect((error as Problem).headers).toEqual({ 'www-authenticate': 'Bearer' });
    }
  });
});

describe('the guard without a token', () => {
  const guard = new Guard(undefined);

  it.each(['localhost', 'localhost:8080', 'LOCALHOST:1', '127.0.0.1:8080', '127.8.9.1', '[::1]:8080', '[::1]'])(
    'serves requests to %s',
    (host) => {
      expect(refusal(guard, 'GET', { host })).toBeUndefined();
      expect(refusal(guard, 'POST', { host })).toBeUndefined();
    },
  );

  it.each([
    undefined,
    '',
    'evil.example',
    'evil.example:8080',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    '::1',
  ])('refuses requests to %j, which DNS may have rebound', (host) => {
    expect(refusal(guard, 'GET', { host })).toBe('403 forbidden');
    expect(refusal(guard, 'POST', { host })).toBe('403 forbidden');
  });

  it.each(['https://evil.example', 'null', 'http://localhost:3000', 'http://evil.example:8080'])(
    'changes nothing for a page of %s',
    (origin) => {
      expect(refusal(guard, 'POST', { host: 'localhost:8080', origin })).toBe('403 forbidden');
      expect(refusal(guard, 'GET', { host: 'localhost:8080', origin })).toBeUndefined();
    },
  );

  it('serves a page of its own origin', () => {
    expect(refusal(guard, 'POST', { host: 'localhost:8080', origin: 'http://localhost:8080' })).toBeUndefined();
  });
});

describe('a loopback host', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.1.2.3', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['collector.example', false],
  ])('%s: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
