import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../core/errors.js';
import { nameLookupFromEnv } from './from-env.js';
import { checkServers } from './server-list.js';

describe('checkServers', () => {
  it.each([
    ['10.0.0.2', '10.0.0.2'],
    ['10.0.0.2:5353', '10.0.0.2:5353'],
    ['2001:db8::2', '2001:db8::2'],
    ['[2001:db8::2]', '[2001:db8::2]:53'],
    ['[2001:db8::2]:5353', '[2001:db8::2]:5353'],
    ['10.0.0.2:65535', '10.0.0.2:65535'],
  ])('takes %s', (entry, server) => {
    expect(checkServers([entry], 'servers')).toEqual([server]);
  });

  it.each([
    'dns.example',
    'dns.example:53',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.2:',
    '10.0.0.2:0',
    '10.0.0.2:65536',
    '10.0.0.2:5 3',
    '[10.0.0.2]:53',
    '2001:db8::2]:53',
    '[2001:db8::2',
    '',
  ])('refuses %j and names it', (entry) => {
    expect(() => checkServers(['10.0.0.1', entry], 'servers')).toThrow(ConfigError);
    expect(() => checkServers(['10.0.0.1', entry], 'servers')).toThrow(JSON.stringify(entry));
  });

  it('refuses an empty list and one that is too long', () => {
    expect(() => checkServers([], 'servers')).toThrow('servers has 0 name servers; it must have 1 to 16');
    expect(() => checkServers(new Array(17).fill('10.0.0.1'), 'servers')).toThrow(ConfigError);
  });
});

describe('nameLookupFromEnv', () => {
  it('reads DNS_SERVERS, separated by commas or blanks', () => {
    expect(nameLookupFromEnv({ DNS_SERVERS: '10.0.0.2, [2001:db8::2]:5353 127.0.0.1:53,' })).toEqual({
      servers: ['10.0.0.2', '[2001:db8::2]:5353', '127.0.0.1:53'],
    });
  });

  it('leaves the servers to the system where it is unset, empty or blank', () => {
    for (const env of [{}, { DNS_SERVERS: '' }, { DNS_SERVERS: ' , ' }]) expect(nameLookupFromEnv(env)).toEqual({});
  });

  it('does not start on a name for a server', () => {
    expect(() => nameLookupFromEnv({ DNS_SERVERS: '10.0.0.2,dns.example' })).toThrow(
      'DNS_SERVERS has "dns.example"; a name server is an IP address',
    );
  });
});
