import { ConfigError } from '@breakwater/resilience';
import { describe, expect, it } from 'vitest';
import { addressText, redisAddress } from './address.js';

const SOURCE = { name: 'REDIS_URL', credentials: 'they belong into REDIS_USERNAME and REDIS_PASSWORD' };
const read = (text: string) => redisAddress(text, SOURCE);

describe('redisAddress', () => {
  it.each([
    ['redis://cache', { tls: false, endpoints: [{ host: 'cache', port: 6_379 }], master: undefined, db: 0 }],
    ['redis://cache/', { tls: false, endpoints: [{ host: 'cache', port: 6_379 }], master: undefined, db: 0 }],
    [
      'REDISS://10.0.0.1:7000/3',
      { tls: true, endpoints: [{ host: '10.0.0.1', port: 7_000 }], master: undefined, db: 3 },
    ],
    [
      'redis://[2001:db8::1]:7000',
      { tls: false, endpoints: [{ host: '2001:db8::1', port: 7_000 }], master: undefined, db: 0 },
    ],
    [
      'redis+sentinel://a,b:1, [::1]/fleet',
      {
        tls: false,
        endpoints: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 1 },
          { host: '::1', port: 26_379 },
        ],
        master: 'fleet',
        db: 0,
      },
    ],
    [
      'rediss+sentinel://a/my-fleet.2/15',
      { tls: true, endpoints: [{ host: 'a', port: 26_379 }], master: 'my-fleet.2', db: 15 },
    ],
  ])('reads %s', (text, address) => {
    expect(read(text)).toEqual(address);
  });

  it.each([
    ['cache:6379'],
    ['http://cache'],
    ['redis://'],
    ['redis:///3'],
    ['redis://a,b'],
    ['redis://cache:0'],
    ['redis://cache:65536'],
    ['redis://cache:port'],
    ['redis://ca che'],
    ['redis://cache/three'],
    ['redis://cache/-1'],
    ['redis://cache/1/2'],
    ['redis+sentinel://a'],
    ['redis+sentinel://a/'],
    ['redis+sentinel://a,/fleet'],
    ['redis+sentinel://,a/fleet'],
    ['redis+sentinel://a/fleet/1/2'],
    ['redis+sentinel://a/fl eet'],
    ['redis://cache?db=3'],
    ['redis://cache#3'],
    [''],
  ])('refuses %s, and says what it must be', (text) => {
    expect(() => read(text)).toThrow(ConfigError);
    expect(() => read(text)).toThrow(/^REDIS_URL holds .*; it must be redis:\/\/host/);
  });

  it.each([
    ['redis://:hunter2@cache'],
    ['redis://keeper:hunter2@cache/3'],
    ['redis://keeper:hun/ter2@cache'],
    ['redis://keeper:hun?ter2#@cache'],
    ['redis+sentinel://keeper:hunter2@a,b/fleet'],
    ['keeper:hunter2@cache'],
  ])('refuses %s without repeating it', (text) => {
    expect(() => read(text)).toThrow(/^REDIS_URL holds a user or a password for ".*"; they belong into REDIS_USERNAME/);
    expect(() => read(text)).not.toThrow(/keeper|hun|ter2/);
  });
});

describe('addressText', () => {
  it.each([
    ['redis://cache', 'cache:6379'],
    ['rediss://[::1]/2', '[::1]:6379/2'],
    ['redis+sentinel://a,b:1/fleet', 'fleet of the Sentinels a:26379, b:1'],
    ['redis+sentinel://a/fleet/2', 'fleet/2 of the Sentinels a:26379'],
  ])('of %s is %s', (url, text) => {
    expect(addressText(read(url))).toBe(text);
  });
});
