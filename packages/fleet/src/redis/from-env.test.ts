import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { ConfigError } from '@breakwater/resilience';
import { afterAll, expect, it } from 'vitest';
import { redisLinkFromEnv } from './from-env.js';
import { linkSettings } from './options.js';

const dir = mkdtempSync(join(tmpdir(), 'breakwater-redis-env-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string, text: string) => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};

it('finds no Redis where REDIS_URL says nothing, whatever else is set', () => {
  expect(redisLinkFromEnv({})).toBeUndefined();
  expect(redisLinkFromEnv({ REDIS_URL: '', REDIS_USERNAME: 'keeper' })).toBeUndefined();
});

it('reads every variable, and takes an empty one for none', () => {
  expect(redisLinkFromEnv({ REDIS_URL: 'redis://cache', REDIS_PASSWORD: '' })).toEqual({
    url: 'redis://cache',
    timeoutMs: 1_000,
  });
  const pem = rootCertificates[0]!;
  const options = redisLinkFromEnv({
    REDIS_URL: 'rediss+sentinel://a,b/fleet',
    REDIS_USERNAME: 'keeper',
    REDIS_PASSWORD: 'lamp',
    REDIS_SENTINEL_USERNAME: 'watch',
    REDIS_SENTINEL_PASSWORD: 'dog',
    REDIS_CA_FILE: file('ca.pem', pem),
    REDIS_TIMEOUT: '0.25',
  });
  expect(options).toEqual({
    url: 'rediss+sentinel://a,b/fleet',
    username: 'keeper',
    password: 'lamp',
    sentinelUsername: 'watch',
    sentinelPassword: 'dog',
    ca: pem,
    timeoutMs: 250,
  });
  expect(linkSettings(options!)).toMatchObject({
    credentials: { username: 'keeper', password: 'lamp' },
    sentinelCredentials: { username: 'watch', password: 'dog' },
    timeoutMs: 250,
    connectTimeoutMs: 2_000,
  });
});

it.each<[Record<string, string>, RegExp]>([
  [{ REDIS_URL: 'cache' }, /^REDIS_URL holds "cache"; it must be redis:/],
  [{ REDIS_URL: 'redis://a:b@cache' }, /^REDIS_URL holds a user or a password .* REDIS_USERNAME and REDIS_PASSWORD$/],
  [{ REDIS_URL: 'redis://cache', REDIS_TIMEOUT: '0' }, /^REDIS_TIMEOUT is "0"/],
  [{ REDIS_URL: 'redis://cache', REDIS_TIMEOUT: '61' }, /^REDIS_TIMEOUT is "61"/],
  [{ REDIS_URL: 'redis://cache', REDIS_USERNAME: 'keeper' }, /^REDIS_USERNAME is set without REDIS_PASSWORD$/],
  [{ REDIS_URL: 'redis://cache', REDIS_SENTINEL_PASSWORD: 'dog' }, /^REDIS_SENTINEL_PASSWORD .* names no Sentinels$/],
  [
    { REDIS_URL: 'redis+sentinel://a/fleet', REDIS_SENTINEL_USERNAME: 'watch' },
    /^REDIS_SENTINEL_USERNAME is set without REDIS_SENTINEL_PASSWORD$/,
  ],
  [{ REDIS_URL: 'redis://cache', REDIS_CA_FILE: '/ca.pem' }, /^REDIS_CA_FILE is set and REDIS_URL is no rediss:/],
  [{ REDIS_URL: 'rediss://cache', REDIS_CA_FILE: join(dir, 'none') }, /^REDIS_CA_FILE: ENOENT.*none/],
  [
    { REDIS_URL: 'rediss://cache', REDIS_CA_FILE: file('no.pem', 'x') },
    /^REDIS_CA_FILE: .*no\.pem holds no certificate/,
  ],
])('refuses %j', (env, words) => {
  expect(() => redisLinkFromEnv(env)).toThrow(ConfigError);
  expect(() => redisLinkFromEnv(env)).toThrow(words);
});

it.each<[Partial<Parameters<typeof linkSettings>[0]>, RegExp]>([
  [
    { url: 'redis://keeper:lamp@cache' },
    /^redisLink: url holds a user or a password for "…@cache"; they are the options/,
  ],
  [{ ca: rootCertificates[0]! }, /ca is given and url is no rediss:/],
  [{ url: 'rediss://cache', ca: 'x' }, /ca holds no certificate/],
  [{ username: 'keeper' }, /username is given without a password/],
  [{ sentinelPassword: 'dog' }, /url names none/],
  [{ timeoutMs: 0 }, /timeoutMs is 0/],
  [{ timeoutMs: Number.NaN }, /timeoutMs is NaN/],
  [{ connectTimeoutMs: 60_001 }, /connectTimeoutMs is 60001/],
  [{ name: 'two words' }, /name is "two words"/],
])('as options refuses %j', (options, words) => {
  expect(() => linkSettings({ url: 'redis://cache', ...options })).toThrow(ConfigError);
  expect(() => linkSettings({ url: 'redis://cache', ...options })).toThrow(words);
});
