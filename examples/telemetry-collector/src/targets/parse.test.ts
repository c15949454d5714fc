import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { TargetsFileError } from './mistakes.js';
import { parseTargets } from './parse.js';
import type { Target } from './target.js';

const ENV = {
  SNMP_AUTH_KEY: 'auth-password',
  SNMP_PRIV_KEY: 'priv-password',
  WEB_TOKEN: 'Bearer abc',
  COMMUNITY: 'inside',
};
const HEAD = 'apiVersion: breakwater/v1\nkind: Targets\n';

const parse = (text: string, env: Record<string, string> = ENV) => parseTargets(text, { file: 'targets.yaml', env });

async function only(entry: string, env?: Record<string, string>): Promise<Target> {
  const targets = await parse(`${HEAD}targets:\n  - ${entry}\n`, env);
  return [...targets.values()][0]!;
}

async function errorOf(text: string, env?: Record<string, string>): Promise<TargetsFileError> {
  const error: unknown = await parse(text, env).catch((reason: unknown) => reason);
  if (!(error instanceof TargetsFileError)) throw new Error(`no TargetsFileError but ${inspect(error)}`);
  return error;
}

describe('a targets file', () => {
  it('becomes targets with the defaults put in, in the order of the file', async () => {
    const targets = await parse(`apiVersion: breakwater/v1
kind: Targets
defaults: { interval: 10s, timeout: 5s, labels: { site: fra1 } }
targets:
  - { name: web-1, probe: http, url: "http://127.0.0.1:8081/health", expectStatus: 200, labels: { tier: edge } }
  - { name: db-port, probe: tcp, host: 127.0.0.1, port: 5432, interval: 5s }
  - { name: resolver, probe: dns, server: 127.0.0.1, query: example.test, type: A }
  - { name: node, probe: prometheus, url: "http://127.0.0.1:9100/metrics", keep: [node_load1, "node_network_*_bytes_total"] }
  - { name: core-sw1, probe: snmp, host: 127.0.0.1, port: 1161, version: 3, user: telemetry, auth: { protocol: sha256, keyFrom: SNMP_AUTH_KEY }, priv: { protocol: aes, keyFrom: SNMP_PRIV_KEY }, walk: [ifTable] }
  - { name: self, probe: host }
`);
    const base = { intervalMs: 10_000, timeoutMs: 5_000, labels: { site: 'fra1' } };
    expect([...targets.keys()]).toEqual(['web-1', 'db-port', 'resolver', 'node', 'core-sw1', 'self']);
    expect(targets.get('web-1')).toEqual({
      ...base,
      labels: { site: 'fra1', tier: 'edge' },
      name: 'web-1',
      probe: 'http',
      url: 'http://127.0.0.1:8081/health',
      method: 'GET',
      headers: {},
      expectStatus: [{ from: 200, to: 200 }],
      expectBody: undefined,
      maxRedirects: 5,
      maxBodyBytes: 1_048_576,
    });
    expect(targets.get('db-port')).toEqual({
      ...base,
      intervalMs: 5_000,
      name: 'db-port',
      probe: 'tcp',
      host: '127.0.0.1',
      port: 5432,
    });
    expect(targets.get('resolver')).toMatchObject({ server: '127.0.0.1', port: 53, query: 'example.test', type: 'A' });
    expect(targets.get('node')).toMatchObject({
      keep: ['node_load1', 'node_network_*_bytes_total'],
      maxSeries: 10_000,
    });
    expect(targets.get('core-sw1')).toMatchObject({
      port: 1161,
      walk: ['ifTable'],
      credentials: { version: '3', user: 'telemetry', auth: { protocol: 'sha256' }, priv: { protocol: 'aes' } },
    });
    expect(targets.get('self')).toEqual({ ...base, name: 'self', probe: 'host' });
  });

  it('may have an empty list, and may be JSON', async () => {
    expect((await parse(`${HEAD}targets: []`)).size).toBe(0);
    const targets = Array.from({ length: 7 }, (_, index) => ({ name: `t${index}`, probe: 'host' }));
    const text = JSON.stringify({ apiVersion: 'breakwater/v1', kind: 'Targets', targets });
    expect([...(await parse(text)).keys()]).toEqual(targets.map(({ name }) => name));
  });

  it.each(['block', 'flow'])('hands over every entry of a long %s list once', async (style) => {
    const names = Array.from({ length: 700 }, (_, index) => `t${index}`);
    const entries = names.map((name) => `{ name: ${name}, probe: host } # ${name}`);
    const list =
      style === 'block' ? entries.map((entry) => `- ${entry}\n`).join('') : `  [${entries.join('\n  , ')}\n]`;
    expect([...(await parse(`${HEAD}targets:\n${list}`)).keys()]).toEqual(names);
  });

  it('may have its defaults below the list, comments anywhere, and a byte order mark', async () => {
    const targets = await parse(
      `\ufeff# above\n${HEAD}targets: # beside\n  # first\n  - name: a # its name\n    probe: host\n  # last\n# below\ndefaults:\n  interval: 1m\n`,
    );
    expect([...targets.values()]).toEqual([
      { name: 'a', probe: 'host', intervalMs: 60_000, timeoutMs: 5_000, labels: {} },
    ]);
  });

  it.each([
    ['1s', 1_000],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['24h', 86_400_000],
    ['90000ms', 90_000],
  ])('reads the interval %s', async (text, ms) => {
    expect((await only(`{ name: a, probe: host, interval: ${text} }`)).intervalMs).toBe(ms);
  });

  it('gives the limit of the defaults to whoever has none of its own', async () => {
    const targets = await parse(
      `${HEAD}defaults: { limit: { key: all, concurrent: 5 } }\ntargets: [{ name: a, probe: host }, { name: b, probe: host, limit: { key: own, concurrent: 1 } }]`,
    );
    expect([...targets.values()].map(({ limit }) => limit)).toEqual([
      { key: 'all', concurrent: 5 },
      { key: 'own', concurrent: 1 },
    ]);
  });

  it('refuses more limits than there may be', async () => {
    const entries = Array.from(
      { length: 102 },
      (_, i) => `  - { name: t${i}, probe: host, limit: { key: k${i}, concurrent: 1 } }`,
    );
    const error = await errorOf(`${HEAD}targets:\n${entries.join('\n')}\n`);
    expect(error.mistakes.map(({ path, message }) => [path, message])).toEqual([
      ['targets[100].limit', 'is the 101st limit; 100 are allowed in a file'],
    ]);
  });

  it('shortens its own default timeout, and no other, to the interval', async () => {
    expect((await only('{ name: a, probe: host, interval: 2s }')).timeoutMs).toBe(2_000);
    const error = await errorOf(`${HEAD}defaults: { timeout: 3s }\ntargets: [{ name: a, probe: host, interval: 2s }]`);
    expect(error.mistakes[0]?.message).toBe('the timeout 3s (a default) is longer than the interval 2s');
  });

  it.each([
    ['200', [{ from: 200, to: 200 }]],
    ['2xx', [{ from: 200, to: 299 }]],
    [
      '[204, 3xx]',
      [
        { from: 204, to: 204 },
        { from: 300, to: 399 },
      ],
    ],
  ])('reads the expected status %s', async (text, expected) => {
    const target = await only(`{ name: a, probe: http, url: "http://h/", expectStatus: ${text} }`);
    expect(target).toMatchObject({ expectStatus: expected });
  });

  it('takes labels and names that JavaScript has its own ideas about', async () => {
    const targets = await parse(`${HEAD}targets: [{ name: constructor, probe: host, labels: { toString: x } }]`);
    expect({ ...targets.get('constructor')?.labels }).toEqual({ toString: 'x' });
  });
});

describe('secrets of a targets file', () => {
  it('are looked up in the environment and never shown', async () => {
    const web = await only(
      '{ name: a, probe: http, url: "http://h/", headers: { Authorization: { valueFrom: WEB_TOKEN } } }',
    );
    const snmp = await only('{ name: a, probe: snmp, host: h, version: 2c, communityFrom: COMMUNITY }');
    if (web.probe !== 'http' || snmp.probe !== 'snmp' || snmp.credentials.version !== '2c')
      throw new Error('wrong kind');
    expect(web.headers['authorization']?.reveal()).toBe('Bearer abc');
    expect(snmp.credentials.community.reveal()).toBe('inside');
    expect(`${inspect([web, snmp], { depth: 9 })}${JSON.stringify([web, snmp])}`).not.toMatch(/Bearer|inside/);
  });

  it('are never repeated by a message', async () => {
    const error = await errorOf(`${HEAD}targets:
  - { name: a, probe: http, url: "http://user:hunter2@h/", headers: { authorization: hunter2 } }
  - { name: b, probe: http, url: "http://h/", headers: { x-api-key: hunter2 } }
  - { name: c, probe: snmp, host: h, version: 2c, community: hunter2 }
  - { name: d, probe: snmp, host: h, version: 2c, communityFrom: "hunter2!" }
  - { name: e, probe: snmp, host: h, version: 2c, communityFrom: hunter2 }
  - { name: f, probe: snmp, host: h, version: 2c, communityFrom: 7 }
`);
    expect(error.total).toBeGreaterThanOrEqual(7);
    expect(error.message).not.toContain('hunter2');
  });
});

/** What somebody may get wrong, § where it is, and the whole of what they are told. */
const MISTAKES: ReadonlyArray<readonly [what: string, text: string, ...told: string[]]> = [
  ['an empty file', '§', 'is empty; a targets file begins with apiVersion: breakwater/v1'],
  ['only a comment', '§# nothing yet\n', 'is empty; a targets file begins with apiVersion: breakwater/v1'],
  ['a list instead of a map', '§- a\n- b\n', 'is a list; it must be a map'],
  ['no apiVersion', '§kind: Targets\ntargets: []', 'apiVersion: is missing; it is breakwater/v1'],
  [
    'another version',
    'apiVersion: §breakwater/v2\nkind: Targets\ntargets: []',
    'apiVersion: "breakwater/v2" is not breakwater/v1',
  ],
  ['another kind', 'apiVersion: breakwater/v1\nkind: §Stack\ntargets: []', 'kind: "Stack" is not Targets'],
  ['no list', `${HEAD}targets:§\n`, 'targets: is nothing; it must be a list'],
  ['a map for a list', `${HEAD}targets: §{ a: 1 }`, 'targets: is a map; it must be a list'],
  [
    'an unknown key of the file',
    `${HEAD}§target: []\ntargets: []`,
    'target: "target" is not known here; did you mean "targets"?',
  ],
  [
    'an unknown key of the defaults',
    `${HEAD}defaults: { interval: 10s, §retries: 3 }\ntargets: []`,
    'defaults.retries: "retries" is not known here; known are interval, timeout, labels, limit',
  ],
  [
    'an unknown probe',
    `${HEAD}targets:\n  - name: a\n    probe: §htpp\n`,
    'targets[0].probe: "htpp" is not one of http, tcp, dns, prometheus, snmp, host; did you mean "http"?',
  ],
  [
    'no probe',
    `${HEAD}targets:\n  - §name: a\n`,
    'targets[0].probe: is missing; it is one of http, tcp, dns, prometheus, snmp, host',
  ],
  [
    'an unknown key of a target',
    `${HEAD}targets:\n  - { name: a, probe: tcp, host: h, port: 1, §tmeout: 1s }`,
    'targets[0].tmeout: "tmeout" is not known here; did you mean "timeout"?',
  ],
  [
    'a key of another probe',
    `${HEAD}targets:\n  - { name: a, probe: host, §url: "http://h/" }`,
    'targets[0].url: "url" is not known here; known are name, interval, timeout, labels, limit, probe',
  ],
  ['a key left out', `${HEAD}targets:\n  - §{ name: a, probe: tcp, host: h }`, 'targets[0].port: is missing'],
  [
    'a duration without a unit',
    `${HEAD}targets:\n  - { name: a, probe: host, interval: §10 }`,
    'targets[0].interval: 10 is no duration; write a number and a unit, such as 500ms, 10s or 1m',
  ],
  [
    'a duration with a strange unit',
    `${HEAD}defaults: { timeout: §5 sec }\ntargets: []`,
    'defaults.timeout: "5 sec" is no duration; write a number and a unit, such as 500ms, 10s or 1m',
  ],
  [
    'an interval out of range',
    `${HEAD}targets:\n  - { name: a, probe: host, interval: §100ms }`,
    'targets[0].interval: "100ms" is out of range; 1s to 24h is allowed',
  ],
  [
    'a timeout longer than the interval',
    `${HEAD}targets:\n  - { name: a, probe: host, interval: 5s, timeout: §6s }`,
    'targets[0].timeout: the timeout 6s is longer than the interval 5s',
  ],
  [
    'a timeout longer than the default interval',
    `${HEAD}targets:\n  - { name: a, probe: host, timeout: §6s }\ndefaults: { interval: 5s }\n`,
    'targets[0].timeout: the timeout 6s is longer than the interval 5s (a default)',
  ],
  [
    'a limit with two sizes',
    `${HEAD}targets:\n  - { name: a, probe: host, limit: { key: core, concurrent: 20 } }\n  - { name: b, probe: host, limit: §{ key: core, concurrent: 10 } }`,
    'targets[1].limit: the limit core is 10 here and 20 in line 4 (targets[0].limit); it must be the same',
  ],
  [
    'a limit of another size than under defaults',
    `${HEAD}targets:\n  - { name: a, probe: host }\n  - { name: b, probe: host, limit: §{ key: core, concurrent: 10 } }\n  - { name: c, probe: host }\ndefaults: { limit: { key: core, concurrent: 20 } }\n`,
    'targets[1].limit: the limit core is 10 here and 20 in line 7 (defaults.limit); it must be the same',
  ],
  [
    'a limit of nothing',
    `${HEAD}targets:\n  - { name: a, probe: host, limit: { key: core, concurrent: §0 } }`,
    'targets[0].limit.concurrent: 0 is out of range; at least 1 is allowed',
  ],
  [
    'a limit without a number',
    `${HEAD}targets:\n  - { name: a, probe: host, limit: §{ key: core } }`,
    'targets[0].limit.concurrent: is missing',
  ],
  [
    'an unknown key of a limit',
    `${HEAD}targets:\n  - { name: a, probe: host, limit: { key: core, concurrent: 3, §burst: 3 } }`,
    'targets[0].limit.burst: "burst" is not known here; known are key, concurrent',
  ],
  [
    'a limit with a blank',
    `${HEAD}targets:\n  - { name: a, probe: host, limit: { key: §snmp core, concurrent: 3 } }`,
    'targets[0].limit.key: "snmp core" is no name of a limit; use letters, digits, ".", "_" and "-"',
  ],
  [
    'a limit with a timeout of hours',
    `${HEAD}targets:\n  - { name: a, probe: host, interval: 2h, timeout: 1h, limit: §{ key: core, concurrent: 3 } }`,
    'targets[0].timeout: the timeout 1h is longer than 30m, the most for a target with a limit',
  ],
  [
    'a name used twice',
    `${HEAD}targets:\n  - { name: a, probe: host }\n  - { name: §a, probe: host }`,
    'targets[1].name: is the name of targets[0] already',
  ],
  [
    'a name with a blank',
    `${HEAD}targets:\n  - { name: §my switch, probe: host }`,
    'targets[0].name: "my switch" is no target name; use letters, digits, ".", "_" and "-"',
  ],
  [
    'a name that is too long',
    `${HEAD}targets:\n  - { name: §${'a'.repeat(129)}, probe: host }`,
    'targets[0].name: has 129 characters; at most 128 are allowed',
  ],
  [
    'a label that is a number',
    `${HEAD}targets:\n  - { name: a, probe: host, labels: { rack: §7 } }`,
    'targets[0].labels.rack: is a number; it must be text; put it into quotes: "7"',
  ],
  [
    'a reserved label',
    `${HEAD}defaults: { labels: { §target: x } }\ntargets: []`,
    'defaults.labels.target: is reserved; choose another label name',
  ],
  [
    'a label name that is none',
    `${HEAD}defaults: { labels: { §data-center: x } }\ntargets: []`,
    'defaults.labels.data-center: is no label name; use letters, digits and "_", not starting with "__"',
  ],
  [
    'a label with a line end',
    `${HEAD}defaults: { labels: { a: §"x\\ny" } }\ntargets: []`,
    'defaults.labels.a: "x\\ny" holds a control character',
  ],
  [
    'too many labels',
    `${HEAD}defaults: { labels: §{ ${Array.from({ length: 33 }, (_, index) => `l${index}: x`)} } }\ntargets: []`,
    'defaults.labels: has more than 32 labels',
  ],
  [
    'too many labels with those of the defaults',
    `${HEAD}defaults: { labels: { a: x, b: x } }\ntargets: [{ name: t, probe: host, labels: §{ ${Array.from({ length: 31 }, (_, index) => `l${index}: x`)} } }]`,
    'targets[0].labels: has more than 32 labels, 2 defaults included',
  ],
  [
    'a port out of range',
    `${HEAD}targets:\n  - { name: a, probe: tcp, host: h, port: §70000 }`,
    'targets[0].port: 70000 is out of range; at most 65535 is allowed',
  ],
  [
    'a port with a fraction',
    `${HEAD}targets:\n  - { name: a, probe: tcp, host: h, port: §80.5 }`,
    'targets[0].port: is a number with a fraction; it must be a whole number',
  ],
  [
    'a port in the host',
    `${HEAD}targets:\n  - { name: a, probe: tcp, host: §"h:80", port: 80 }`,
    'targets[0].host: "h:80" is no host; write a name or an address, without a port',
  ],
  [
    'an address with a part too many',
    `${HEAD}targets:\n  - { name: a, probe: tcp, host: §10.0.0.0.1, port: 80 }`,
    'targets[0].host: "10.0.0.0.1" is no host; write a name or an address, without a port',
  ],
  [
    'a name server by name',
    `${HEAD}targets:\n  - { name: a, probe: dns, server: §resolver.test, query: h }`,
    'targets[0].server: "resolver.test" is no address; write an IPv4 or IPv6 address, without a port',
  ],
  [
    'a record type that is none',
    `${HEAD}targets:\n  - { name: a, probe: dns, server: "::1", query: h, type: §AAA }`,
    'targets[0].type: "AAA" is not one of A, AAAA, CNAME, MX, NS, PTR, SOA, SRV, TXT; did you mean "AAAA"?',
  ],
  [
    'a URL of another scheme',
    `${HEAD}targets:\n  - { name: a, probe: http, url: §"ftp://h/" }`,
    'targets[0].url: is no http or https URL',
  ],
  [
    'a password in the URL',
    `${HEAD}targets:\n  - { name: a, probe: http, url: §"http://u:p@h/" }`,
    'targets[0].url: holds a user or a password; send them as a header: headers: { authorization: { valueFrom: VARIABLE } }',
  ],
  [
    'a secret in the file',
    `${HEAD}targets:\n  - { name: a, probe: http, url: "http://h/", headers: { Authorization: §Bearer x } }`,
    'targets[0].headers.Authorization: is a secret in the file; write { valueFrom: VARIABLE } and put it into the environment',
  ],
  [
    'a header that cannot be set',
    `${HEAD}targets:\n  - { name: a, probe: http, url: "http://h/", headers: { §Transfer-Encoding: chunked } }`,
    'targets[0].headers.Transfer-Encoding: is a header that cannot be set',
  ],
  [
    'a status that is none',
    `${HEAD}targets:\n  - { name: a, probe: http, url: "http://h/", expectStatus: [200, §20x] }`,
    'targets[0].expectStatus[1]: "20x" is no status; write a number such as 200, or a class such as 2xx',
  ],
  [
    'a status out of range',
    `${HEAD}targets:\n  - { name: a, probe: http, url: "http://h/", expectStatus: §99 }`,
    'targets[0].expectStatus: 99 is out of range; at least 100 is allowed',
  ],
  [
    'a status that is a map',
    `${HEAD}targets:\n  - { name: a, probe: http, url: "http://h/", expectStatus: §{ ok: 1 } }`,
    'targets[0].expectStatus: is a map; it must be a number or text or a list',
  ],
  [
    'a size without a unit',
    `${HEAD}targets:\n  - { name: a, probe: http, url: "http://h/", maxBody: §1000 }`,
    'targets[0].maxBody: 1000 is no size; write a whole number and a unit, such as 512KiB or 16MiB',
  ],
  [
    'a size out of range',
    `${HEAD}targets:\n  - { name: a, probe: http, url: "http://h/", maxBody: §65MiB }`,
    'targets[0].maxBody: "65MiB" is out of range; 1B to 64MiB is allowed',
  ],
  [
    'nothing to keep',
    `${HEAD}targets:\n  - { name: a, probe: prometheus, url: "http://h/", keep: §[] }`,
    'targets[0].keep: is empty; leave it out to keep all',
  ],
  [
    'SNMP without a version',
    `${HEAD}targets:\n  - §{ name: a, probe: snmp, host: h }`,
    'targets[0].version: is missing; it is one of 2c, 3',
  ],
  [
    'SNMP v1',
    `${HEAD}targets:\n  - { name: a, probe: snmp, host: h, version: §1, communityFrom: COMMUNITY }`,
    'targets[0].version: 1 is not one of 2c, 3',
  ],
  [
    'a community in the file',
    `${HEAD}targets:\n  - §{ name: a, probe: snmp, host: h, version: 2c, §community: public }`,
    'targets[0].communityFrom: is missing',
    'targets[0].community: "community" is not known here; did you mean "communityFrom"?',
  ],
  [
    'an unknown protocol',
    `${HEAD}targets:\n  - { name: a, probe: snmp, host: h, version: 3, user: u, auth: { protocol: §sha265, keyFrom: SNMP_AUTH_KEY }, priv: { protocol: aes, keyFrom: SNMP_PRIV_KEY } }`,
    'targets[0].auth.protocol: "sha265" is not one of md5, sha, sha224, sha256, sha384, sha512; did you mean "sha256"?',
  ],
  [
    'an unknown table',
    `${HEAD}targets:\n  - { name: a, probe: snmp, host: h, version: 2c, communityFrom: COMMUNITY, walk: [§ifTabel] }`,
    'targets[0].walk[0]: "ifTabel" is neither an object identifier such as 1.3.6.1.2.1.2.2 nor one of ifTable, ifXTable',
  ],
  [
    'a table twice',
    `${HEAD}targets:\n  - { name: a, probe: snmp, host: h, version: 2c, communityFrom: COMMUNITY, walk: §[ifTable, ifTable] }`,
    'targets[0].walk: names a table twice',
  ],
  [
    'a variable that is not set',
    `${HEAD}targets:\n  - { name: a, probe: snmp, host: h, version: 2c, communityFrom: §NO_COMMUNITY }`,
    'targets[0].communityFrom: the variable NO_COMMUNITY is not set in the environment',
  ],
  [
    'a variable that is not set, beside another mistake',
    `${HEAD}targets:\n  - { name: a, probe: http, url: "http://h/", §methd: GET, headers: { authorization: { valueFrom: §NO_TOKEN } } }`,
    'targets[0].methd: "methd" is not known here; did you mean "method"?',
    'targets[0].headers.authorization.valueFrom: the variable NO_TOKEN is not set in the environment',
  ],
  [
    'a key too short for SNMP v3',
    `${HEAD}targets:\n  - name: a\n    probe: snmp\n    host: h\n    version: 3\n    user: u\n    auth: { protocol: sha, keyFrom: §COMMUNITY }\n    priv: { protocol: aes, keyFrom: SNMP_PRIV_KEY }\n`,
    'targets[0].auth.keyFrom: the variable COMMUNITY holds fewer than 8 characters, which SNMP v3 does not allow',
  ],
  ...['INFLUX_TOKEN', 'REDIS_PASSWORD', 'REDIS_SENTINEL_PASSWORD'].map((secret): [string, string, string] => [
    `the collector's own ${secret} for a target`,
    `${HEAD}targets:\n  - { name: a, probe: http, url: "http://h/", headers: { authorization: { valueFrom: §${secret} } } }`,
    `targets[0].headers.authorization.valueFrom: the variable ${secret} is the collector's own secret; use another`,
  ]),
  [
    'an entry of nothing',
    `${HEAD}targets:\n  §-\n  - { name: a, probe: host }`,
    'targets[0]: is nothing; it must be a map',
  ],
  ['an entry that is text', `${HEAD}targets:\n  - §web-1\n`, 'targets[0]: is text; it must be a map'],
  [
    'an entry without braces',
    `${HEAD}targets: [§name: a, { name: b, probe: host }]`,
    'targets[0]: is no entry; put it into braces',
  ],
  [
    'a comma too many',
    `${HEAD}targets: [{ name: a, probe: host },, §{ name: b, probe: host }]`,
    'targets[1]: needs one comma between it and the entry before',
  ],
  [
    'a key used twice',
    `${HEAD}targets:\n  - name: a\n    probe: host\n    §name: b\n`,
    'targets[0]: this is no YAML: Map keys must be unique',
  ],
  [
    'a brace that is not closed',
    `${HEAD}targets:\n  - { name: a, probe: host§`,
    'targets[0]: this is no YAML: Flow map must end with a }',
  ],
  [
    'an alias',
    `${HEAD}targets:\n  - §&a { name: a, probe: host }\n  - *a\n`,
    'anchors are not supported; what targets share belongs under defaults',
  ],
  [
    'a merge key',
    `${HEAD}targets:\n  - { name: a, probe: host, §<<: {} }`,
    'targets[0]."<<": merge keys are not supported; what targets share belongs under defaults',
  ],
  ['a tag', `${HEAD}targets: §!!set {}`, 'tags are not supported'],
  ['a directive', `§%YAML 1.1\n---\n${HEAD}targets: []`, 'directives are not supported'],
  ['a second document', `${HEAD}targets: []\n§---\na: b`, 'there is a second document here; one file is one document'],
  [
    'a key that is no data',
    `${HEAD}defaults: { labels: { §__proto__: x } }\ntargets: []`,
    '"__proto__" cannot be used',
  ],
  ['brackets without end', `${HEAD}targets: ${'['.repeat(63)}§${'['.repeat(100_000)}`, 'this is nested too deeply'],
  [
    'a heap of text in one entry',
    `${HEAD}targets: [{ name: [${'a,'.repeat(6_658)}§${'a,'.repeat(20_000)}`,
    'there is too much in one place here',
  ],
];

/** Lines and columns of the marks in a text, as if they were not there. */
function marksIn(text: string): Array<{ line: number; column: number }> {
  return text.split('\n').flatMap((content, index) => {
    const parts = content.split('§').slice(0, -1);
    return parts.map((_, part) => ({ line: index + 1, column: parts.slice(0, part + 1).join('').length + 1 }));
  });
}

describe('a mistake in a targets file', () => {
  it.each(MISTAKES)('is named with its line, column and path: %s', async (_what, marked, ...told) => {
    const { mistakes } = await errorOf(marked.replaceAll('§', ''));
    expect(mistakes.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))).toEqual(told);
    expect(mistakes.map(({ line, column }) => ({ line, column }))).toEqual(marksIn(marked));
  });

  it('does not hide the others: all are listed, in the order of the file', async () => {
    const error = await errorOf(`${HEAD}defaults: { interval: 1 }
targets:
  - { name: a, probe: tpc }
  - { name: b, probe: tcp, host: h, port: 0, extra: 1 }
  - { name: b, probe: dns, server: "::1", query: h }
`);
    expect(error.message).toBe(`targets.yaml: 4 mistakes
  targets.yaml:3:23: defaults.interval: 1 is no duration; write a number and a unit, such as 500ms, 10s or 1m
  targets.yaml:5:23: targets[0].probe: "tpc" is not one of http, tcp, dns, prometheus, snmp, host; did you mean "tcp"?
  targets.yaml:6:43: targets[1].port: 0 is out of range; at least 1 is allowed
  targets.yaml:6:46: targets[1].extra: "extra" is not known here; known are name, interval, timeout, labels, limit, probe, host, port`);
  });

  it('is counted beyond the first twenty, but not listed', async () => {
    const error = await errorOf(`${HEAD}targets:\n${'  - web\n'.repeat(2_500)}`);
    expect(error.total).toBe(2_500);
    expect(error.mistakes).toHaveLength(20);
    expect(error.mistakes.at(-1)).toMatchObject({ line: 23, path: 'targets[19]' });
    expect(error.message).toMatch(/\n {2}and 2480 more$/);
  });

  it('may be a list that is too long', async () => {
    const entries = Array.from({ length: 4 }, (_, index) => `- { name: t${index}, probe: host }\n`).join('');
    const parsed = parseTargets(`${HEAD}targets:\n${entries}`, { file: 'targets.yaml', env: {}, maxTargets: 3 });
    await expect(parsed).rejects.toThrow('targets.yaml:7:3: targets: has more than 3 entries');
  });
});
