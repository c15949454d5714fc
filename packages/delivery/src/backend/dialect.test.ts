import { describe, expect, it } from 'vitest';
import { authorization, introduced, isVictoriaMetrics, otherDialect, writePath, writeTarget } from './dialect.js';

const basic = (token: string) => ({ authorization: `Basic ${Buffer.from(token).toString('base64')}` });

describe('a dialect', () => {
  it.each([
    ['influxdb-1', { org: 'coast', bucket: 'tides' }, '/write?db=tides'],
    ['influxdb-1', { org: '', bucket: 'tides/one/week' }, '/write?db=tides&rp=one%2Fweek'],
    ['influxdb-1', { org: '', bucket: '' }, '/write'],
    ['influxdb-2', { org: 'coast', bucket: 'tides/week' }, '/api/v2/write?org=coast&bucket=tides%2Fweek'],
    ['influxdb-2', { org: '', bucket: '' }, '/api/v2/write?bucket='],
    ['influxdb-2', { org: 'a&b', bucket: 'ä #1' }, '/api/v2/write?org=a%26b&bucket=%C3%A4+%231'],
    ['victoria-metrics', { org: 'coast', bucket: 'tides' }, '/write?db=tides'],
    ['victoria-metrics', { org: '', bucket: '' }, '/write'],
  ] as const)('%s writes %j to %s', (dialect, destination, target) => {
    expect(writeTarget(dialect, destination)).toBe(target);
    expect(target.startsWith(writePath(dialect))).toBe(true);
    expect(target).not.toContain('precision');
  });

  it.each([
    ['influxdb-1', 'user:pa55', basic('user:pa55')],
    ['influxdb-1', 'token', { authorization: 'Token token' }],
    ['influxdb-2', 'user:pa55', { authorization: 'Token user:pa55' }],
    ['influxdb-2', 'token==', { authorization: 'Token token==' }],
    ['victoria-metrics', 'user:pa55', basic('user:pa55')],
    [undefined, 'user:pa55', basic('user:pa55')],
    [undefined, '', {}],
    ['influxdb-2', '', {}],
  ] as const)('%s with the token %s is authorised by its own scheme', (dialect, token, headers) => {
    expect(authorization(token, dialect)).toEqual(headers);
  });

  it('leads to the other path where the one is not there', () => {
    for (const dialect of ['influxdb-1', 'influxdb-2', 'victoria-metrics'] as const) {
      expect(writePath(otherDialect(dialect))).not.toBe(writePath(dialect));
    }
  });
});

describe('a server', () => {
  it.each([
    ['1.6.7~rc0', 'OSS', { dialect: 'influxdb-1', sure: true }],
    ['1.8.10-c1.8.10', 'ENT', { dialect: 'influxdb-1', sure: true }],
    ['v2.7.11', 'OSS', { dialect: 'influxdb-2', sure: true }],
    ['2.0.0-beta', 'OSS', { dialect: 'influxdb-2', sure: true }],
    ['3.0.1', 'Core', { dialect: 'influxdb-2', sure: true }],
    ['1.8.0', undefined, { dialect: 'influxdb-1', sure: false }],
    [undefined, undefined, undefined],
    ['unknown', 'OSS', undefined],
  ])('that says version %s, build %s, is %j', (version, build, expected) => {
    expect(introduced({ version, build })).toEqual(expected);
  });

  it('is VictoriaMetrics by its metrics', () => {
    expect(isVictoriaMetrics('a 1\nvm_app_version{version="", short_version=""} 1\n')).toBe(true);
    expect(isVictoriaMetrics('# about vm_app_version{}\ngo_info{version="go1.19.8"} 1\n')).toBe(false);
  });
});
