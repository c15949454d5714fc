import { ConfigError } from '@breakwater/resilience';
import { describe, expect, it } from 'vitest';
import { backendAddress } from './address.js';

describe('the address of a backend', () => {
  it.each([
    ['http://Influx-1:8086', 'http://influx-1:8086'],
    ['https://influx.test:443/', 'https://influx.test'],
    ['http://[::1]:8086//', 'http://[::1]:8086'],
    ['http://proxy.test/influx/', 'http://proxy.test/influx'],
    ['HTTP://vm.test:80/a/../insert/0/influx', 'http://vm.test/insert/0/influx'],
  ])('%s is normalised', (text, address) => {
    expect(backendAddress(text)).toBe(address);
  });

  it.each([
    ['influx:8086', 'backend url is "influx:8086"; it must be an http or https URL'],
    ['udp://influx:8089', 'backend url is "udp://influx:8089"; it must be an http or https URL'],
    ['http://', 'backend url is "http://"; it must be an http or https URL'],
    ['', 'backend url is ""; it must be an http or https URL'],
    [
      'http://writer:pa55@influx:8086',
      'backend url for influx:8086 holds a user or a password; they belong into the token',
    ],
    [
      'http://influx:8086/?db=telemetry',
      'backend url for influx:8086 holds a query or a fragment; set org and bucket beside it',
    ],
    ['http://influx:8086/#x', 'backend url for influx:8086 holds a query or a fragment; set org and bucket beside it'],
  ])('%s is refused', (text, message) => {
    expect(() => backendAddress(text)).toThrow(new ConfigError(message));
  });

  it.each([
    'htp://writer:pa55@influx',
    'writer:pa55@influx',
    'http://writer:pa55@',
    'http://writer:pa55@in flux',
    'http://writer:pa@pa55@in flux',
    'influx:8086/write?p=pa55',
    'http://in flux/?p=pa55',
    'http://influx/?p=pa55',
    'http://influx/#pa55',
  ])('%s is refused without its password', (text) => {
    expect(() => backendAddress(text)).toThrow(ConfigError);
    expect(() => backendAddress(text)).toThrow(expect.not.stringContaining('pa55'));
  });
});
