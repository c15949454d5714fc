import { getEventListeners } from 'node:events';
import { ConfigError } from '@breakwater/resilience';
import { type NameLookup, NameLookupError } from '@breakwater/resilience/http';
import { VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { Answer, Backend } from './backend.js';
import { linesOf, requestOf } from './backend.suite.js';
import { type HttpBackendOptions, httpBackend } from './http-backend.js';
import { type Behaviour, json, plain, ScriptedServer, type SeenRequest } from './scripted-server.suite.js';

const never = new AbortController().signal;
const NO_PAGE = plain(404, '404 page not found\n');
const V1 = { 'x-influxdb-version': '1.6.7', 'x-influxdb-build': 'OSS' };
const V2 = { 'x-influxdb-version': 'v2.7.11', 'x-influxdb-build': 'OSS' };
const VM_METRICS =
  'process_start_time_seconds 1795332181\nvm_app_version{version=""} 1\nvm_data_size_bytes{type="x"} 0\n';

type Script = (request: SeenRequest) => Behaviour;
/** As the real ones do, as far as a backend asks. */
const influx1: Script = ({ path }) => {
  if (path === '/ping' || path === '/write') return { status: 204, headers: V1 };
  if (path !== '/debug/vars') return NO_PAGE;
  return json(200, { system: { currentTime: '', started: '2026-11-22T07:23:01.5Z', uptime: 1 } });
};
const influx2: Script = ({ path }) => {
  if (path === '/metrics') return plain(200, 'process_start_time_seconds 1.5e+09\n');
  const isKnown = path === '/ping' || path === '/api/v2/write';
  return isKnown ? { status: 204, headers: V2 } : json(404, { message: 'path not found' });
};
const victoria: Script = ({ path }) => {
  if (path === '/ping') return { status: 204 };
  if (path === '/metrics') return plain(200, VM_METRICS);
  if (path === '/write') return { status: 204, headers: { 'x-influxdb-version': '1.8.0' } };
  return plain(400, `unsupported path requested: "${path}"`);
};

const opened: Array<{ close(): Promise<void> } | AsyncDisposable> = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await ('close' in one ? one.close() : one[Symbol.asyncDispose]());
});

const serve = async (script: Script): Promise<ScriptedServer> => {
  const server = await ScriptedServer.start(script);
  opened.push(server);
  return server;
};
const open = ({ url }: { url: string }, options: Partial<HttpBackendOptions> = {}): Backend => {
  const backend = httpBackend({ url, org: 'coast', bucket: 'tides', timeoutMs: 5_000, ...options });
  opened.unshift(backend);
  return backend;
};
const send = (backend: Backend, lines = linesOf('tide', 2), signal = never): Promise<Answer> =>
  backend.send(requestOf(lines), signal);
const paths = ({ requests }: ScriptedServer): string[] => requests.map(({ path }) => path);

describe('a write', () => {
  it('is compressed from 1 KiB up, and is what was given, in the order of its pieces', async () => {
    const server = await serve(influx2);
    const backend = open(server, { token: 'T' });
    for (const count of [1, 2, 500]) {
      const lines = linesOf('tide', count);
      expect(await send(backend, lines)).toEqual({ kind: 'stored' });
      expect(server.writes.at(-1)).toMatchObject({
        body: lines.join(''),
        headers: { 'content-type': 'text/plain; charset=utf-8', authorization: 'Token T' },
      });
      expect(server.writes.at(-1)!.headers['content-encoding']).toBe(count === 500 ? 'gzip' : undefined);
    }
    const kibibyte = [`${'x'.repeat(1023)}\n`];
    await send(backend, kibibyte);
    expect(server.writes.at(-1)!.headers['content-encoding']).toBe('gzip');
    const less = [`${'x'.repeat(1022)}\n`];
    await send(backend, less);
    expect(server.writes.at(-1)!.headers['content-encoding']).toBeUndefined();
  });

  it('takes a body of one piece as it is', async () => {
    const server = await serve(influx2);
    const piece = Buffer.from('tide level=1 1\n');
    const request = { destination: { org: '', bucket: '' }, body: [piece], bytes: piece.length, points: 1 };
    expect(await open(server).send(request, never)).toEqual({ kind: 'stored' });
    expect(server.writes[0]!.body).toBe('tide level=1 1\n');
  });

  it('goes to its own organisation and bucket, and else to the default ones', async () => {
    const server = await serve(influx2);
    const backend = open(server);
    const queries = async (org: string, bucket: string) => {
      await backend.send(requestOf(linesOf('x', 1), { org, bucket }), never);
      return Object.fromEntries(server.writes.at(-1)!.query);
    };
    expect(await queries('', '')).toEqual({ org: 'coast', bucket: 'tides' });
    expect(await queries('inland', 'rivers')).toEqual({ org: 'inland', bucket: 'rivers' });
    expect(await queries('', 'rivers')).toEqual({ org: 'coast', bucket: 'rivers' });
  });

  it('stays below the path of its address', async () => {
    const server = await serve((request) => influx1({ ...request, path: request.path.replace(/^\/influx/, '') }));
    const backend = open({ url: `${server.url}/influx/` });
    expect(backend.id).toBe(`${server.url}/influx`);
    expect(await send(backend)).toEqual({ kind: 'stored' });
    expect(await backend.epoch(never)).toEqual(expect.any(Number));
    expect(paths(server)).toEqual(['/influx/ping', '/influx/write', '/influx/debug/vars']);
  });

  it('asks once who is there, and keeps its socket', async () => {
    const server = await serve(influx1);
    const backend = open(server);
    for (let turn = 0; turn < 3; turn++) await send(backend);
    expect(paths(server)).toEqual(['/ping', '/write', '/write', '/write']);
    const sockets = new Map<string, unknown>();
    backend.measure(({ name }, labels, value) => {
      if (name === 'connection_pool_requests_total') sockets.set(labels['socket']!, value);
    });
    expect(Object.fromEntries(sockets)).toEqual({ new: 1, reused: 3 });
  });
});

describe('the dialect', () => {
  it.each([
    ['influxdb-1', influx1, ['/ping', '/write']],
    ['influxdb-2', influx2, ['/ping', '/api/v2/write']],
    ['victoria-metrics', victoria, ['/ping', '/metrics', '/write']],
  ] as const)('is found to be %s', async (dialect, script, asked) => {
    const server = await serve(script);
    const backend = open(server);
    expect(await send(backend)).toEqual({ kind: 'stored' });
    expect(backend.dialect).toBe(dialect);
    expect(paths(server)).toEqual(asked);
  });

  it('is found by the first question about the run, too', async () => {
    const server = await serve(victoria);
    const backend = open(server);
    expect(await backend.epoch(never)).toBe(1_795_332_181_000_000);
    expect(backend.dialect).toBe('victoria-metrics');
  });

  it.each([
    ['a proxy passes on nothing else', {}],
    ['the server names no known version', { 'x-influxdb-version': 'unknown', 'x-influxdb-build': 'OSS' }],
    ['the server names the wrong version', V2],
  ])('is found by trying, where %s', async (_, headers) => {
    const server = await serve(({ path }) => {
      if (path === '/ping') return { status: 404, headers: { ...NO_PAGE.headers, ...headers } };
      return path === '/write' ? { status: 204, headers } : NO_PAGE;
    });
    const backend = open(server);
    expect(await send(backend)).toEqual({ kind: 'stored' });
    expect(backend.dialect).toBe('influxdb-1');
    expect(server.writes.map(({ path }) => path)).toEqual(['/api/v2/write', '/write']);
    expect(server.writes[1]).toMatchObject({ body: linesOf('tide', 2).join('') });
    await send(backend);
    expect(paths(server).at(-2)).toBe('/write');
  });

  it('is VictoriaMetrics also below a path, where its metrics are at the origin', async () => {
    const server = await serve((request) =>
      request.path === '/metrics'
        ? victoria(request)
        : victoria({ ...request, path: request.path.replace('/influx', '') }),
    );
    server.script = (
      (script) => (request) =>
        request.path === '/influx/metrics' ? plain(400, 'unsupported path') : script(request)
    )(server.script);
    const backend = open({ url: `${server.url}/influx` });
    expect(await send(backend)).toEqual({ kind: 'stored' });
    expect(backend.dialect).toBe('victoria-metrics');
    expect(await backend.epoch(never)).toBe(1_795_332_181_000_000);
  });

  it.each([
    ['influxdb-1', influx1, 'influxdb-2', influx2],
    ['influxdb-2', influx2, 'influxdb-1', influx1],
    ['influxdb-1', influx1, 'victoria-metrics', victoria],
    ['victoria-metrics', victoria, 'influxdb-1', influx1],
  ] as const)('changes with the server: %s is replaced by another', async (before, first, after, second) => {
    const server = await serve(first);
    const backend = open(server);
    await send(backend);
    expect(backend.dialect).toBe(before);
    server.script = second;
    const answer = await send(backend);
    expect(answer).toEqual({ kind: 'stored' });
    expect(backend.dialect).toBe(after);
    expect(await backend.epoch(never)).toEqual(expect.any(Number));
    const asked = server.requests.length;
    await send(backend);
    expect(server.requests).toHaveLength(asked + 1);
  });

  it.each([
    ['influxdb-1', influx1, 'victoria-metrics', victoria],
    ['influxdb-1', influx1, 'influxdb-2', influx2],
  ] as const)('changes from %s with the server when it is asked for its run', async (_, first, after, second) => {
    const server = await serve(first);
    const backend = open(server);
    await backend.epoch(never);
    server.script = second;
    expect(await backend.epoch(never)).toEqual(expect.any(Number));
    expect(backend.dialect).toBe(after);
  });

  it('stays what it was while something else answers in front of the server', async () => {
    const server = await serve(influx1);
    const backend = open(server);
    await send(backend);
    server.script = () => ({ status: 503, headers: { 'content-type': 'text/html' }, body: '<html>' });
    expect(await send(backend)).toMatchObject({ kind: 'hold', reason: 'overloaded', words: '503 an HTML page' });
    server.script = () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' });
    expect(await send(backend)).toMatchObject({ kind: 'hold', reason: 'unexpected-answer' });
    expect(backend.dialect).toBe('influxdb-1');
  });

  it('stays unknown where nothing that stores points answers', async () => {
    const server = await serve(() => NO_PAGE);
    const backend = open(server);
    expect(await send(backend)).toEqual({
      kind: 'hold',
      reason: 'not-found',
      scope: 'backend',
      mayBeStored: false,
      words: 'neither /api/v2/write nor /write is there: 404 404 page not found',
    });
    expect(await backend.epoch(never)).toBeUndefined();
    expect(backend.dialect).toBeUndefined();
  });

  it('does not make a stored answer a failure when the question after it fails', async () => {
    const server = await serve(influx1);
    const backend = open(server);
    await send(backend);
    server.script = (request) => (request.path === '/write' ? victoria(request) : 'reset');
    expect(await send(backend)).toEqual({ kind: 'stored' });
    server.script = victoria;
    expect(await send(backend)).toEqual({ kind: 'stored' });
    expect(backend.dialect).toBe('victoria-metrics');
  });

  it('keeps the words of a refusal when the question after it fails', async () => {
    const server = await serve((request) =>
      request.path === '/write' ? json(403, { error: 'no' }) : influx1(request),
    );
    const backend = open(server);
    await send(backend);
    server.script = ({ path }) => (path === '/write' ? json(403, { error: 'not you' }) : 'reset');
    expect(await send(backend)).toMatchObject({ reason: 'forbidden', scope: 'destination', words: '403 not you' });
  });
});

describe('an answer that does not come', () => {
  it('is a hold after `timeoutMs`, and the points may be stored', async () => {
    const clock = new VirtualClock();
    const server = await serve((request) => (request.path === '/write' ? 'hang' : influx1(request)));
    const sent = send(open(server, { clock, timeoutMs: 700 }));
    await expect.poll(() => server.writes.length, { interval: 1 }).toBe(1);
    await clock.advance(701);
    expect(await sent).toMatchObject({ kind: 'hold', reason: 'timeout', scope: 'backend', mayBeStored: true });
  });

  it('is one without points stored where the server never said who it is', async () => {
    const clock = new VirtualClock();
    const server = await serve(() => 'hang');
    const sent = send(open(server, { clock, timeoutMs: 700 }));
    await expect.poll(() => server.requests.length, { interval: 1 }).toBe(1);
    await clock.advance(701);
    expect(await sent).toMatchObject({ kind: 'hold', reason: 'timeout', mayBeStored: false });
  });

  it.each(['reset', 'half'] as const)('(%s) leaves open whether the points are stored', async (behaviour) => {
    const server = await serve((request) => (request.path === '/write' ? behaviour : influx1(request)));
    const backend = open(server);
    expect(await send(backend)).toMatchObject({ kind: 'hold', reason: 'network', scope: 'backend', mayBeStored: true });
    server.script = influx1;
    expect(await send(backend)).toEqual({ kind: 'stored' });
  });

  it('is given up with its caller', async () => {
    const server = await serve((request) => (request.path === '/write' ? 'hang' : influx1(request)));
    const backend = open(server);
    const caller = new AbortController();
    const sent = send(backend, linesOf('x', 1), caller.signal);
    await expect.poll(() => server.writes.length, { interval: 1 }).toBe(1);
    caller.abort();
    expect(await sent).toMatchObject({ kind: 'hold', reason: 'network', words: 'given up by its caller' });
  });

  it('is known not to be stored when it was given up while it was compressed', async () => {
    const server = await serve(influx1);
    const backend = open(server);
    await send(backend);
    const caller = new AbortController();
    const sent = send(backend, linesOf('x', 5_000), caller.signal);
    caller.abort();
    expect(await sent).toMatchObject({ kind: 'hold', reason: 'network', mayBeStored: false });
    expect(server.writes).toHaveLength(1);
  });

  it('leaves no timer and no listener behind, nor does one that comes', async () => {
    const clock = new VirtualClock();
    const server = await serve(influx1);
    const backend = open(server, { clock });
    await send(backend);
    const timers = clock.timers;
    const caller = new AbortController();
    for (let turn = 0; turn < 3; turn++) await send(backend, linesOf('x', 1), caller.signal);
    expect(clock.timers).toBe(timers);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });
});

describe('a head that breaks the rules', () => {
  const raw = (status: string, header = 'x-influxdb-error: m\x01\x00'): Behaviour => ({
    raw: `HTTP/1.1 ${status}\r\n${header}\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{"error":"m"}`,
  });
  const writing =
    (behaviour: Behaviour): Script =>
    (request) =>
      request.path === '/write' ? behaviour : influx1(request);

  it.each([
    ['400 Bad Request', { kind: 'bad-lines', words: '400 m' }],
    ['200 OK', { kind: 'stored' }],
    ['413 Too Large', { kind: 'too-large', words: '413 m' }],
    ['500 Trouble', { kind: 'hold', reason: 'server-error', mayBeStored: true }],
    ['503 Busy', { kind: 'hold', reason: 'overloaded' }],
  ])('is read all the same, once more: %s', async (status, expected) => {
    const server = await serve(writing(raw(status)));
    const again: string[] = [];
    const request = { ...requestOf(linesOf('tide', 500)), onResend: (reason: string) => void again.push(reason) };
    expect(await open(server, { token: 'user:pa55' }).send(request, never)).toMatchObject(expected);
    const [first, second, ...others] = server.writes;
    expect(others).toEqual([]);
    expect(second!.body).toBe(linesOf('tide', 500).join(''));
    expect(second!.query).toEqual(first!.query);
    expect(second!.headers).toMatchObject({
      host: `127.0.0.1:${server.port}`,
      'content-type': first!.headers['content-type'],
      'content-encoding': 'gzip',
      'content-length': first!.headers['content-length'],
      authorization: first!.headers.authorization,
    });
    expect(again).toEqual(['unexpected-answer']);
  });

  it.each([
    ['no HTTP', { raw: 'mumble\r\n\r\n' }],
    ['no status', { raw: 'HTTP/1.1 4x0 Bad\r\n\r\n' }],
    ['an end in the middle', { raw: 'HTTP/1.1 400 Bad\r\nx: \x01' }],
  ])('is a hold where it is %s', async (_, behaviour) => {
    const server = await serve(writing(behaviour));
    const answer = await send(open(server), linesOf('tide', 1));
    expect(answer).toMatchObject({ kind: 'hold', reason: 'network', mayBeStored: true });
    expect(server.writes.length).toBeLessThanOrEqual(2);
  });

  it.each([
    ['reset', { kind: 'hold', reason: 'network', mayBeStored: true }],
    ['half', { kind: 'hold', reason: 'network', mayBeStored: true }],
    ['half-stored', { kind: 'stored' }],
    ['endless', { kind: 'hold', reason: 'server-error' }],
  ] as const)('can be followed by anything: %s', async (behaviour, expected) => {
    let turn = 0;
    const server = await serve((request) =>
      request.path !== '/write' ? influx1(request) : turn++ === 0 ? raw('400 Bad Request') : behaviour,
    );
    expect(await send(open(server))).toMatchObject(expected);
    expect(server.writes).toHaveLength(2);
  });

  it('leaves open whether the points are stored, also when nobody can be asked again', async () => {
    const server = await serve(writing(raw('204 No Content')));
    let looks = 0;
    const dns: NameLookup = {
      async lookup(name) {
        if (looks++ > 0) throw new NameLookupError(name, 'ENOTFOUND');
        return [{ address: '127.0.0.1', family: 4 }];
      },
    };
    const answer = await send(open({ url: `http://influx.test:${server.port}` }, { dns }));
    expect(answer).toMatchObject({ kind: 'hold', reason: 'network', mayBeStored: true });
    expect(looks).toBe(2);
  });

  it('is looked at for no longer than the request may take, nor than its caller wants', async () => {
    let turn = 0;
    const server = await serve((request) =>
      request.path !== '/write' ? influx1(request) : turn++ === 0 ? raw('400 Bad Request') : 'hang',
    );
    const clock = new VirtualClock();
    const timed = send(open(server, { clock, timeoutMs: 700 }));
    await expect.poll(() => server.writes.length, { interval: 1 }).toBe(2);
    await clock.advance(701);
    expect(await timed).toMatchObject({ kind: 'hold', reason: 'timeout', mayBeStored: true });
    turn = 0;
    const caller = new AbortController();
    const sent = send(open(server), linesOf('x', 1), caller.signal);
    await expect.poll(() => server.writes.length, { interval: 1 }).toBe(4);
    caller.abort();
    expect(await sent).toMatchObject({ kind: 'hold', reason: 'network', words: 'given up by its caller' });
  });
});

describe('what a server says', () => {
  it('is read to 8 KiB and repeated in one short line without the token', async () => {
    const babble = `you said user:pa55word\n${'and so on '.repeat(1_000_000)}`;
    const server = await serve(({ path }) =>
      path === '/write' ? plain(500, babble) : influx1({ path } as SeenRequest),
    );
    const answer = await send(open(server, { token: 'user:pa55word' }));
    expect(answer).toMatchObject({ reason: 'server-error', mayBeStored: true });
    const { words } = answer as { words: string };
    expect(words).toMatch(/^500 you said \[secret\] and so on .*…$/);
    expect(words.length).toBeLessThan(210);
  });

  it('need not end', async () => {
    const server = await serve((request) => (request.path === '/write' ? 'endless' : influx1(request)));
    expect(await send(open(server))).toMatchObject({
      reason: 'server-error',
      words: expect.stringMatching(/^500 and/),
    });
  });

  it('is taken for stored by its head alone', async () => {
    const server = await serve((request) => (request.path === '/write' ? 'half-stored' : influx1(request)));
    expect(await send(open(server))).toEqual({ kind: 'stored' });
  });

  it('asks for a wait, by the clock of the backend', async () => {
    const clock = new VirtualClock({ wallMs: Date.UTC(2026, 10, 22, 7, 0, 0) });
    const headers = { 'retry-after': 'Sun, 22 Nov 2026 07:01:00 GMT' };
    const server = await serve(({ path }) =>
      path === '/write' ? plain(429, 'slowly', headers) : influx1({ path } as SeenRequest),
    );
    expect(await send(open(server, { clock }))).toMatchObject({ reason: 'overloaded', retryAfterMs: 60_000 });
  });

  it('is not followed elsewhere', async () => {
    const server = await serve((request) =>
      request.path === '/write' ? { status: 307, headers: { location: '/elsewhere' } } : influx1(request),
    );
    expect(await send(open(server))).toMatchObject({ reason: 'unexpected-answer', words: '307' });
    expect(paths(server)).toEqual(['/ping', '/write']);
  });
});

describe('the run of a server', () => {
  it('is looked for in the first MiB alone', async () => {
    const start = 'process_start_time_seconds 1.5e+09\n';
    const page = (before: number, after: number) => `${'# x\n'.repeat(before / 4)}${start}${'# x\n'.repeat(after / 4)}`;
    const script =
      (metrics: string): Script =>
      (request) =>
        request.path === '/metrics' ? plain(200, metrics) : influx2(request);
    const server = await serve(script(page(1_000_000, 4_000_000)));
    const backend = open(server);
    expect(await backend.epoch(never)).toBe(1_500_000_000_000_000);
    server.script = script(page(1_048_576, 0));
    expect(await backend.epoch(never)).toBeUndefined();
  });

  it('is asked for with the token', async () => {
    const server = await serve(influx1);
    await open(server, { token: 'user:pa55' }).epoch(never);
    const authorization = `Basic ${Buffer.from('user:pa55').toString('base64')}`;
    expect(server.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/ping', authorization],
      ['/debug/vars', authorization],
    ]);
  });

  it.each([
    ['says no', () => plain(401, 'no')],
    ['hides it', () => NO_PAGE],
    ['only passes points on', () => plain(200, VM_METRICS.replace('vm_data_size_bytes', 'vm_rpc_rows_total'))],
  ] as const)('is unknown where the server %s', async (_, metrics) => {
    const server = await serve((request) => (request.path === '/metrics' ? metrics() : victoria(request)));
    expect(await open(server).epoch(never)).toBeUndefined();
  });
});

describe('its options', () => {
  it.each([
    [{ url: 'influx:8086' }, 'http or https URL'],
    [{ timeoutMs: 0 }, 'timeoutMs is 0; it must be a number from 1 to 3600000'],
    [{ timeoutMs: Number.NaN }, 'timeoutMs is NaN'],
    [{ timeoutMs: 3_600_001 }, 'timeoutMs is 3600001'],
    [{ maxConnections: 0 }, 'maxConnections is 0'],
    [{ token: 'pa55word\n' }, 'is there a line end in it?'],
    [{ token: 'user:pa55word\r' }, 'is there a line end in it?'],
    [{ token: 'pä55word' }, 'no HTTP header can carry'],
  ])('%j are refused', (options, message) => {
    const make = () => httpBackend({ url: 'http://influx.test:8086', ...options });
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(message);
    expect(make).toThrow(expect.not.stringMatching(/p[aä]55word/));
  });

  it('may hold any password that Basic authentication carries', async () => {
    await httpBackend({ url: 'http://influx.test:8086', token: 'user:pä55 wörd' }).close();
  });
});
