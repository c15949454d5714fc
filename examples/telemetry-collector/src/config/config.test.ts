import { ConfigError } from '@breakwater/resilience';
import { describe, expect, it } from 'vitest';
import { readConfig } from './config.js';

function problemIn(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('nothing is wrong');
}

const TOKEN = 'a-token-that-is-long-enough';
const ADDRESSES = Array.from({ length: 17 }, (_, index) => `http://influx-${index}`).join();

describe('the configuration', () => {
  it('has a value for everything when nothing is set', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      port: 8080,
      apiToken: undefined,
      targetsFile: undefined,
      dataDir: 'data',
      drainTimeoutMs: 25_000,
      logLevel: 'info',
      files: {
        directory: 'data/points',
        maxFileBytes: 67_108_864,
        maxTotalBytes: 1_073_741_824,
        maxFileAgeMs: 86_400_000,
      },
      delivery: undefined,
      fleet: undefined,
    });
  });

  it('takes what is set, in the units of the variables', () => {
    const config = readConfig({
      HOST: '0.0.0.0',
      PORT: '0',
      API_TOKEN: TOKEN,
      TARGETS_FILE: '/etc/targets.yaml',
      DATA_DIR: '/var/lib/collector',
      DRAIN_TIMEOUT: '2.5',
      LOG_LEVEL: 'warn',
      FILE_SINK: 'on',
      FILE_SINK_MAX_FILE_AGE: '3600',
      INFLUX_URLS: 'http://influx-1:8086, http://Influx-2:8086/',
      INFLUX_TOKEN: 's3cret',
      INFLUX_ORG: 'harbour',
      INFLUX_BUCKET: 'telemetry',
      INFLUX_TIMEOUT: '5',
      SPOOL_DIR: '/var/lib/spool',
      SPOOL_MAX_BYTES: '67108864',
      SPOOL_MAX_AGE: '3600',
      SPOOL_WHEN_FULL: 'drop-oldest',
      ACK_HOLD: '2.5',
      HANDOVER_URL: 'http://Collectors:8080/',
      HANDOVER_TOKEN: 'of-the-peers',
      MAX_BODY_BYTES: '1000000',
      LANE_MAX_LAG: '30',
      DNS_SERVERS: '10.0.0.2',
    });
    expect(config).toMatchObject({
      host: '0.0.0.0',
      port: 0,
      apiToken: TOKEN,
      targetsFile: '/etc/targets.yaml',
      dataDir: '/var/lib/collector',
      drainTimeoutMs: 2_500,
      logLevel: 'warn',
    });
    expect(config.files).toMatchObject({ directory: '/var/lib/collector/points', maxFileAgeMs: 3_600_000 });
    expect(config.delivery).toEqual({
      servers: ['http://influx-1:8086', 'http://influx-2:8086'],
      org: 'harbour',
      bucket: 'telemetry',
      token: 's3cret',
      timeoutMs: 5_000,
      dns: { servers: ['10.0.0.2'] },
      spool: {
        directory: '/var/lib/spool',
        maxBytes: 67_108_864,
        maxAgeMs: 3_600_000,
        whenFull: 'drop-oldest',
        ackHoldMs: 2_500,
      },
      handOver: { url: 'http://collectors:8080', token: 'of-the-peers' },
      maxBodyBytes: 1_000_000,
      laneMaxLagMs: 30_000,
    });
  });

  const SERVER = { INFLUX_URLS: 'http://influx:8086', INFLUX_BUCKET: 'b' };

  it('delivers to InfluxDB alone where there is one, through a log in the data folder', () => {
    const { files, delivery } = readConfig({ ...SERVER, DATA_DIR: '/var/lib/collector' });
    expect(files).toBeUndefined();
    expect(delivery).toMatchObject({
      spool: {
        directory: '/var/lib/collector/spool',
        maxBytes: 1_073_741_824,
        maxAgeMs: 604_800_000,
        whenFull: 'block',
      },
      handOver: undefined,
      maxBodyBytes: 25_000_000,
      laneMaxLagMs: 10_000,
    });
    expect(delivery?.spool).not.toHaveProperty('ackHoldMs');
  });

  it('hands over with its own token where the peers have no other', () => {
    const { delivery } = readConfig({ ...SERVER, API_TOKEN: TOKEN, HANDOVER_URL: 'http://peers' });
    expect(delivery?.handOver).toEqual({ url: 'http://peers', token: TOKEN });
  });

  it('shares with a fleet where there is a Redis', () => {
    const REDIS_URL = 'redis://127.0.0.1';
    const TARGETS_FILE = 'targets.yaml';
    expect(readConfig({ REDIS_URL, TARGETS_FILE }).fleet).toEqual({
      redis: { url: REDIS_URL, timeoutMs: 1_000 },
      dns: {},
      name: 'telemetry',
      replicaId: undefined,
      leaseMs: 15_000,
      sharedBreaker: false,
    });
    const settings = {
      DNS_SERVERS: '127.0.0.1:5353',
      FLEET: 'edge',
      REPLICA_ID: 'rack-1:8080',
      FLEET_LEASE: '1.5',
      SHARED_BREAKER: 'on',
    };
    expect(readConfig({ REDIS_URL, TARGETS_FILE, REDIS_PASSWORD: 's3cret', ...settings }).fleet).toEqual({
      redis: { url: REDIS_URL, timeoutMs: 1_000, password: 's3cret' },
      dns: { servers: ['127.0.0.1:5353'] },
      name: 'edge',
      replicaId: 'rack-1:8080',
      leaseMs: 1_500,
      sharedBreaker: true,
    });
  });

  it.each([
    ['false', undefined],
    ['true', 'telemetry'],
    ['', 'telemetry'],
  ])('shares where SCALING_ENABLED=%j allows it, through %s', (SCALING_ENABLED, fleet) => {
    const env = { REDIS_URL: 'redis://127.0.0.1', TARGETS_FILE: 'targets.yaml', SHARED_BREAKER: 'on', SCALING_ENABLED };
    expect(readConfig(env).fleet?.name).toBe(fleet);
  });

  it('needs neither a Redis nor a targets file where SCALING_ENABLED=false', () => {
    const fleet = { FLEET: 'edge', REPLICA_ID: 'rack-1', FLEET_LEASE: '5', SHARED_BREAKER: 'on' };
    expect(readConfig({ SCALING_ENABLED: 'false', ...fleet }).fleet).toBeUndefined();
    expect(readConfig({ SCALING_ENABLED: 'false', REDIS_URL: 'redis://127.0.0.1' }).fleet).toBeUndefined();
  });

  it('takes an empty variable for one that is not set', () => {
    const names = [
      'HOST',
      'PORT',
      'API_TOKEN',
      'TARGETS_FILE',
      'DATA_DIR',
      'LOG_LEVEL',
      'INFLUX_URLS',
      'DNS_SERVERS',
      'REDIS_URL',
      'FLEET',
    ];
    expect(readConfig(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(readConfig({}));
  });

  it.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('listens on %s without a token', (host) => {
    expect(readConfig({ HOST: host }).host).toBe(host);
  });

  it.each(['0.0.0.0', '::', '10.0.0.7', 'collector.test', '127.0.0.1.nip.io'])(
    'does not listen on %s without a token',
    (host) => {
      expect(problemIn({ HOST: host })).toBe(
        `HOST is "${host}", which others can reach; set API_TOKEN, or listen on 127.0.0.1`,
      );
      expect(readConfig({ HOST: host, API_TOKEN: TOKEN }).host).toBe(host);
    },
  );

  it('cannot be changed', () => {
    expect(Object.isFrozen(readConfig({}))).toBe(true);
  });
});

describe('a setting that cannot be used', () => {
  it.each([
    ['PORT', 'http', 'PORT is "http"; it must be a whole number from 0 to 65535'],
    ['PORT', '65536', 'PORT is "65536"; it must be a whole number from 0 to 65535'],
    ['HOST', 'localhost:80', 'HOST is "localhost:80"; it must be an address or a name, without a port'],
    ['HOST', '-v', 'HOST is "-v"; it must be an address or a name, without a port'],
    ['DRAIN_TIMEOUT', '0', 'DRAIN_TIMEOUT is "0"; it must be a decimal number from 1 to 3600'],
    [
      'LOG_LEVEL',
      'verbose',
      'LOG_LEVEL is "verbose"; it must be one of fatal, error, warn, info, debug, trace, silent',
    ],
    ['API_TOKEN', 'short', 'API_TOKEN (not shown) has 5 characters; it must have at least 16'],
    [
      'API_TOKEN',
      `${TOKEN}\n`,
      'API_TOKEN (not shown) holds a blank, a line end or a character beyond ASCII; it must hold none',
    ],
    [
      'INFLUX_TOKEN',
      'a b',
      'INFLUX_TOKEN (not shown) holds a blank, a line end or a character beyond ASCII; it must hold none',
    ],
    ['MAX_CONCURRENT_TARGETS', '0', 'MAX_CONCURRENT_TARGETS is "0"; it must be a whole number from 1 to 100000'],
    [
      'MAX_CONCURRENT_OPERATIONS',
      '1.5',
      'MAX_CONCURRENT_OPERATIONS is "1.5"; it must be a whole number from 1 to 100000',
    ],
    ['BATCH_SIZE', 'five', 'BATCH_SIZE is "five"; it must be a whole number from 1 to 10000'],
    ['WORKER_POOL_SIZE', '-1', 'WORKER_POOL_SIZE is "-1"; it must be a whole number from 1 to 1000'],
    ['CIRCUIT_FAILURE_THRESHOLD', '0', 'CIRCUIT_FAILURE_THRESHOLD is "0"; it must be a whole number from 1 to 1000000'],
    [
      'CIRCUIT_RECOVERY_TIMEOUT',
      '60s',
      'CIRCUIT_RECOVERY_TIMEOUT is "60s"; it must be a decimal number from 0.001 to 86400',
    ],
    [
      'CIRCUIT_SUCCESS_THRESHOLD',
      ' 3',
      'CIRCUIT_SUCCESS_THRESHOLD is " 3"; it must be a whole number from 1 to 1000000',
    ],
    ['MAX_CONNECTIONS', '1e2', 'MAX_CONNECTIONS is "1e2"; it must be a whole number from 1 to 65535'],
    ['MAX_CONNECTIONS_PER_HOST', '0', 'MAX_CONNECTIONS_PER_HOST is "0"; it must be a whole number from 1 to 65535'],
    [
      'KEEPALIVE_TIMEOUT',
      'Infinity',
      'KEEPALIVE_TIMEOUT is "Infinity"; it must be a decimal number from 0.001 to 3600',
    ],
    ['CONNECTION_TIMEOUT', '-1', 'CONNECTION_TIMEOUT is "-1"; it must be a decimal number from 0.001 to 3600'],
    ['READ_TIMEOUT', 'NaN', 'READ_TIMEOUT is "NaN"; it must be a decimal number from 0.001 to 3600'],
    ['FILE_SINK', 'yes', 'FILE_SINK is "yes"; it must be one of auto, on, off'],
    ['FILE_SINK', 'off', 'FILE_SINK is "off" and INFLUX_URLS is not set: points would go nowhere'],
    [
      'FILE_SINK_MAX_FILE_BYTES',
      '64MiB',
      'FILE_SINK_MAX_FILE_BYTES is "64MiB"; it must be a whole number from 65536 to 4294967296',
    ],
    [
      'FILE_SINK_MAX_BYTES',
      '131072',
      'FILE_SINK_MAX_BYTES is 131072; it must be at least twice FILE_SINK_MAX_FILE_BYTES, 134217728',
    ],
    ['FILE_SINK_MAX_FILE_AGE', '59', 'FILE_SINK_MAX_FILE_AGE is "59"; it must be a whole number from 60 to 31536000'],
    ['SPOOL_MAX_BYTES', '1GiB', 'SPOOL_MAX_BYTES is "1GiB"; it must be a whole number from 8388608 to 17592186044416'],
    ['SPOOL_MAX_AGE', '0', 'SPOOL_MAX_AGE is "0"; it must be a whole number from 1 to 315360000'],
    ['SPOOL_WHEN_FULL', 'drop', 'SPOOL_WHEN_FULL is "drop"; it must be one of block, drop-oldest'],
    ['ACK_HOLD', '-1', 'ACK_HOLD is "-1"; it must be a decimal number from 0 to 3600'],
    ['MAX_BODY_BYTES', '25MB', 'MAX_BODY_BYTES is "25MB"; it must be a whole number from 1024 to 1000000000'],
    ['LANE_MAX_LAG', '0', 'LANE_MAX_LAG is "0"; it must be a decimal number from 0.1 to 86400'],
    [
      'HANDOVER_URL',
      'http://peers',
      'HANDOVER_URL is set and INFLUX_URLS is not: without servers there is no log to hand over',
    ],
    ['HANDOVER_URL', 'peers:8080', 'HANDOVER_URL holds "peers:8080"; it must be an http or https URL'],
    ['FLEET', 'a fleet', 'FLEET is "a fleet"; it must be of letters, digits, ".", "_" and "-", 64 at most'],
    ['REPLICA_ID', 'a~b', 'REPLICA_ID is "a~b"; it must be of letters, digits, ".", "_", ":" and "-", 100 at most'],
    ['REDIS_URL', 'http://redis', /^REDIS_URL holds "http:\/\/redis"; it must be redis:\/\/host/],
    [
      'REDIS_URL',
      'redis://redis',
      'REDIS_URL is set and TARGETS_FILE is not: the targets of the demo are for one collector alone',
    ],
    ['FLEET_LEASE', '0.5', 'FLEET_LEASE is "0.5"; it must be a decimal number from 1 to 300'],
    ['SHARED_BREAKER', 'yes', 'SHARED_BREAKER is "yes"; it must be one of on, off'],
    ['SHARED_BREAKER', 'on', 'SHARED_BREAKER is "on" and REDIS_URL is not set: there is no place to share through'],
    ['FLEET', 'edge', 'FLEET is "edge" and REDIS_URL is not set: there is no place to share through'],
    ['REPLICA_ID', 'rack-1', 'REPLICA_ID is "rack-1" and REDIS_URL is not set: there is no place to share through'],
    ['SCALING_ENABLED', 'yes', 'SCALING_ENABLED is "yes"; it must be one of true, false'],
    [
      'SCALING_ENABLED',
      'true',
      'SCALING_ENABLED is "true" and REDIS_URL is not set: there is no place to share through',
    ],
    ['HANDOVER_TOKEN', 'x', 'HANDOVER_TOKEN is set and HANDOVER_URL is not: nothing is handed over'],
    [
      'HANDOVER_CA_FILE',
      '/none/ca.pem',
      /^2 settings.*\n {2}HANDOVER_CA_FILE: ENOENT.*\n {2}HANDOVER_CA_FILE is set and HANDOVER_URL is not/,
    ],
    ['INFLUX_TIMEOUT', '0', 'INFLUX_TIMEOUT is "0"; it must be a decimal number from 0.1 to 300'],
    [
      'INFLUX_URLS',
      'http://influx',
      'INFLUX_URLS is set and INFLUX_BUCKET is not: it names the bucket, on 1.x the database',
    ],
  ])('is named: %s=%j', (variable, value, message) => {
    expect(problemIn({ [variable]: value })).toEqual(
      message instanceof RegExp ? expect.stringMatching(message) : message,
    );
  });

  it.each([
    ['influx:8086', 'INFLUX_URLS holds "influx:8086"; it must be http or https URLs, separated by commas'],
    ['http://influx,http://INFLUX/', 'INFLUX_URLS holds http://influx twice; it would get everything twice'],
    [ADDRESSES, 'INFLUX_URLS holds 17 servers; at most 16 are allowed'],
    [
      'http://u:hunter2@influx',
      'INFLUX_URLS holds a user or a password for influx; put them into INFLUX_TOKEN (user:password)',
    ],
  ])('is named: INFLUX_URLS=%s', (value, message) => {
    expect(problemIn({ INFLUX_URLS: value, INFLUX_BUCKET: 'b' })).toBe(message);
  });

  it('is named beside a Redis that cannot be used', () => {
    expect(problemIn({ REDIS_URL: 'redis', SHARED_BREAKER: 'on', FLEET_LEASE: '0' }).split('\n')).toEqual([
      '2 settings cannot be used:',
      expect.stringContaining('REDIS_URL holds "redis"'),
      '  FLEET_LEASE is "0"; it must be a decimal number from 1 to 300',
    ]);
    expect(problemIn({ REDIS_URL: 'redis://u:hunter2@redis' })).not.toContain('hunter2');
  });

  it('names the entry of DNS_SERVERS that is no address', () => {
    expect(problemIn({ DNS_SERVERS: '10.0.0.2, resolver' })).toMatch(/^DNS_SERVERS\b.*"resolver"/);
  });

  it('does not hide the others', () => {
    const message = problemIn({
      PORT: 'x',
      READ_TIMEOUT: 'x',
      CONNECTION_TIMEOUT: 'x',
      BATCH_SIZE: 'x',
      FILE_SINK_MAX_FILE_BYTES: 'x',
      HOST: '0.0.0.0',
    });
    const lines = message.split('\n');
    expect(lines[0]).toBe('6 settings cannot be used:');
    expect(lines.slice(1).map((line) => /^ {2}(\w+) /.exec(line)?.[1])).toEqual([
      'BATCH_SIZE',
      'CONNECTION_TIMEOUT',
      'READ_TIMEOUT',
      'PORT',
      'FILE_SINK_MAX_FILE_BYTES',
      'HOST',
    ]);
  });
});
