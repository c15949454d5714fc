import { ConfigError } from '@breakwater/resilience';
import { describe, expect, it } from 'vitest';
import { httpAddress } from './http-address.js';

const INFLUX_URLS = {
  name: 'INFLUX_URLS',
  form: 'http or https URLs, separated by commas',
  credentials: 'put them into INFLUX_TOKEN (user:password)',
  query: 'set the organisation with INFLUX_ORG and the bucket with INFLUX_BUCKET',
};

describe('the address of a server', () => {
  it.each([
    ['http://Influx-1:8086', 'http://influx-1:8086'],
    ['https://influx.test:443/', 'https://influx.test'],
    ['http://[::1]:8086//', 'http://[::1]:8086'],
    ['http://proxy.test/influx/', 'http://proxy.test/influx'],
  ])('%s is normalised', (text, address) => {
    expect(httpAddress(text, INFLUX_URLS)).toBe(address);
  });

  it.each([
    ['influx:8086', 'INFLUX_URLS holds "influx:8086"; it must be http or https URLs, separated by commas'],
    ['udp://influx:8089', 'INFLUX_URLS holds "udp://influx:8089"; it must be http or https URLs, separated by commas'],
    ['http://', 'INFLUX_URLS holds "http://"; it must be http or https URLs, separated by commas'],
    [
      'http://writer:pa55@influx:8086',
      'INFLUX_URLS holds a user or a password for influx:8086; put them into INFLUX_TOKEN (user:password)',
    ],
    [
      'http://influx:8086/?db=telemetry',
      'INFLUX_URLS holds a query or a fragment for influx:8086; set the organisation with INFLUX_ORG and the bucket with INFLUX_BUCKET',
    ],
  ])('%s is refused', (text, message) => {
    expect(() => httpAddress(text, INFLUX_URLS)).toThrow(new ConfigError(message));
  });

  it('is never repeated with a password in it, however it is misspelt', () => {
    for (const text of [
      'htp://writer:pa55@influx',
      'writer:pa55@influx',
      'http://writer:pa55@',
      'http://writer:pa55@in flux',
    ]) {
      expect(() => httpAddress(text, INFLUX_URLS)).toThrow(expect.not.stringContaining('pa55'));
    }
  });
});
