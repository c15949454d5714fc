import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { COLLECTOR_PAGE, proxyPage } from '../doctor/pages.suite.js';
import { breakwater, breakwaterWith } from '../io.suite.js';

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json = (body: unknown) => JSON.stringify(body);
const PAGES: Readonly<Record<string, string>> = {
  '/health/ready': json({ status: 'ready' }),
  '/health/lanes': json({
    lanes: [{ backend: 'http://b', caughtUp: true, lagMs: 0, pendingPoints: 0, hold: null, heldDestinations: [] }],
  }),
  '/targets': json({ targets: [{ name: 'a', polledHere: true, circuit: 'closed', last: null, lastRun: null }] }),
  '/fleet': json({
    standing: { kind: 'member' },
    redis: { address: 'r', state: 'ready' },
    total: 1,
    members: [{ id: 'a' }],
    error: null,
  }),
  '/metrics': COLLECTOR_PAGE,
};

/** A collector that is well, but for these pages. */
const collector =
  (pages: Readonly<Record<string, string>> = {}): RequestListener =>
  (request, response) => {
    if (request.url === '/collect') {
      response.writeHead(request.headers.authorization === `Bearer ${TOKEN}` ? 200 : 401).end('{}');
      return;
    }
    const page = { ...PAGES, ...pages }[request.url ?? ''];
    response.writeHead(page === undefined ? 404 : 200).end(page);
  };

const TOKEN = 'secret-0123456789abcdef';
const NOT_ASKED = ['reads', 'grafana', 'stats', 'prometheus', 'alertmanager'].flatMap((part) => [`--${part}`, 'none']);
const one = async (listener: RequestListener, ...more: string[]) =>
  breakwaterWith({ API_TOKEN: TOKEN }, 'doctor', '--collectors', await serve(listener), ...NOT_ASKED, ...more);

describe('breakwater doctor', () => {
  it('exits with 0 where all is well, and says what it saw', async () => {
    const { code, printed, said } = await one(collector());
    // The stack file of this repository wants three.
    expect(printed).toContain('members: 1 of at least 3');
    expect([code, said]).toEqual([1, '1 unhealthy, 0 warnings, 9 ok\n']);
    const page = json({ ...JSON.parse(PAGES['/fleet']!), total: 3, members: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] });
    const well = await one(collector({ '/fleet': page }));
    expect([well.code, well.said]).toEqual([0, '0 unhealthy, 0 warnings, 10 ok\n']);
    expect(well.printed.split('\n').every((line) => line === '' || line.startsWith('ok         '))).toBe(true);
  });

  it('a warning is no failure', async () => {
    const page = json({ ...JSON.parse(PAGES['/fleet']!), total: 3 });
    const lanes = PAGES['/health/lanes']!.replace('"caughtUp":true,"lagMs":0', '"caughtUp":false,"lagMs":60000');
    const { code, printed } = await one(collector({ '/fleet': page, '/health/lanes': lanes }));
    expect(code).toBe(0);
    expect(printed).toMatch(
      /^warning {4}.* lanes: http:\/\/b is 1 min 0 s behind with 0 points pending\n {11}→ it is/m,
    );
  });

  it('prints verdicts for programs', async () => {
    const { code, printed, said } = await one(collector({ '/health/ready': '' }), '--json');
    const { healthy, verdicts } = JSON.parse(printed);
    expect([code, healthy, said]).toEqual([1, false, '']);
    expect(verdicts).toHaveLength(10);
    expect(Object.keys(verdicts.find((verdict: { health: string }) => verdict.health === 'unhealthy'))).toEqual([
      'what',
      'health',
      'evidence',
      'advice',
    ]);
  });

  it.each<[name: string, listener: RequestListener]>([
    ['hangs', () => {}],
    ['breaks', (_, response) => void response.writeHead(500).end('{"error":{"message":"a bug\\u001b[31m"}}')],
    ['cuts', (request) => void request.socket.destroy()],
    ['talks nonsense', (_, response) => void response.end('<html>\u001b[31m')],
  ])('is done soon with a stack that %s', async (name, listener) => {
    const url = await serve(listener);
    const parts = ['collectors', 'reads', 'grafana', 'stats', 'prometheus', 'alertmanager'];
    const { code, printed, said } = await breakwater(
      'doctor',
      ...parts.flatMap((part) => [`--${part}`, url]),
      '--timeout',
      '300ms',
    );
    if (name === 'hangs') expect(printed).toContain('no answer within 0.3 s');
    expect(code).toBe(1);
    expect(said).toBe('11 unhealthy, 0 warnings, 0 ok\n');
    expect(printed).not.toContain('\u001b');
  });

  it('loads /collect with the token, and never shows it', async () => {
    const shown = await one(collector(), '--load', '20');
    expect(shown.printed).toMatch(/ load: 20 × POST \/collect: 20 × 200; p95 \d+ ms\n/);
    const refused = await one(
      (request, response) => {
        response.writeHead(401).end(`no: ${request.headers.authorization}`);
      },
      '--load',
      '2',
    );
    expect(refused.printed).toContain('2 × 401');
    const bad = await breakwaterWith({ API_TOKEN: `${TOKEN}\nx` }, 'doctor', ...NOT_ASKED, '--load', '1');
    expect(bad.code).toBe(2);
    for (const { printed, said } of [shown, refused, bad]) expect(printed + said).not.toContain(TOKEN);
  });

  it('asks every part at its own address', async () => {
    const asked: string[] = [];
    const url = await serve((request, response) => {
      asked.push(request.url!);
      response.end(proxyPage({ 'influxdb/a': 'UP' }));
    });
    const parts = ['collectors', 'reads', 'grafana', 'stats', 'prometheus', 'alertmanager'];
    await breakwater('doctor', ...parts.flatMap((part) => [`--${part}`, url]));
    expect(asked.toSorted()).toEqual(
      [
        ...['/health/ready', '/health/lanes', '/targets', '/fleet', '/metrics', '/metrics', '/ping', '/api/health'],
        ...['/api/v1/targets?state=active', '/api/v1/alerts', '/api/v2/status'],
      ].toSorted(),
    );
  });

  it.each([
    [['--load', '0'], '--load is "0"'],
    [['--load', '1001'], '--load is 1001; it can be 1000 at most'],
    [['--load', '5', '--collectors', 'none'], '--load needs --collectors'],
    [['--collectors', 'none', ...NOT_ASKED], 'every part is "none": nothing would be asked'],
    [['--timeout', '0s'], '--timeout is "0s"'],
    [['--timeout', '1h'], '--timeout is 1h; it can be 1ms to 10m'],
    [['--url', 'http://u:hunter2@a'], '--url holds a user'],
  ])('refuses %o', async (args, words) => {
    const { code, said } = await breakwater('doctor', ...args);
    expect(code).toBe(2);
    expect(said).toContain(words);
    expect(said).not.toContain('hunter2');
  });
});
