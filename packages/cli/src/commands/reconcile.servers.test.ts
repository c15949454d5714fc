import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { httpBackend, normalizeLines, openSpool } from '@breakwater/delivery';
import { startServer } from '@breakwater/testbed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { breakwater, breakwaterWith, NOW_MS } from '../io.suite.js';

const auth = { user: 'reader', password: 'hunter2' };
const start = () => startServer('influxdb', { database: 'tides', auth });
const basic = `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}`;
const TOKENS = { BREAKWATER_FROM_TOKEN: 'reader:hunter2', BREAKWATER_TO_TOKEN: 'reader:hunter2' };
const at = (minutesAgo: number, ns = 0n): bigint => BigInt(NOW_MS - minutesAgo * 60_000) * 1_000_000n + ns;

let a: Awaited<ReturnType<typeof start>>;
let b: Awaited<ReturnType<typeof start>>;

async function write(url: string, ...lines: readonly string[]): Promise<void> {
  const headers = { authorization: basic };
  const response = await fetch(`${url}/write?db=tides`, { method: 'POST', headers, body: lines.join('\n') });
  expect(await response.text()).toBe('');
}

async function ask(url: string, q: string): Promise<string> {
  const query = new URLSearchParams({ db: 'tides', epoch: 'ns', q });
  return (await fetch(`${url}/query?${query}`, { headers: { authorization: basic } })).text();
}

beforeAll(async () => {
  [a, b] = await Promise.all([start(), start()]);
});
afterAll(() => Promise.all([a.stop(), b.stop()]));

const run = (...args: readonly string[]) =>
  breakwaterWith(TOKENS, 'reconcile', '--from', a.url, '--to', b.url, '--db', 'tides', ...args);

describe('breakwater reconcile', () => {
  it('shows what differs, sends it, and then shows that nothing does', async () => {
    await write(a.url, `level,harbour=north m=1.5,n=9007199254740993i ${at(10, 1n)}`, `level m=2 ${at(90)}`);
    await write(b.url, `level m=2 ${at(90)}`);
    expect(await run()).toEqual({
      code: 1,
      printed: [
        'MEASUREMENT  START                 END                   VALUES FROM  VALUES TO',
        'level        2026-01-02T02:00:00Z  2026-01-02T03:00:00Z            2          0',
        '',
        '1 window of 1 measurement differs. --apply sends what is missing.',
        '',
      ].join('\n'),
      said: '',
    });
    const applied = await run('--apply', '--json');
    expect(applied.code).toBe(0);
    expect(JSON.parse(applied.printed)).toMatchObject({ windows: 1, sentTo: 1, differing: [{ sentTo: 1 }] });
    expect(await run()).toEqual({ code: 0, printed: 'Equal: 1 measurement.\n', said: '' });
    expect(await ask(b.url, 'SELECT m, n FROM level')).toContain(`[${at(10, 1n)},1.5,9007199254740993]`);
  });

  it('says who refused it, without the password', async () => {
    const { code, said } = await breakwater('reconcile', '--from', a.url, '--to', b.url, '--db', 'tides');
    expect(code).toBe(1);
    expect(said).toMatch(new RegExp(`^breakwater: ${a.url} answered 401 to a query: .*; check its token\n$`));
  });

  it('sends from the log', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'from-log-'));
    const directory = join(folder, 'spool');
    const spool = await openSpool({ directory, backends: [httpBackend({ url: 'http://127.0.0.1:1' })] });
    try {
      const body = `surge,harbour=a\\ b m=1i ${at(5)}\nsurge m=2i ${at(4)}\nold m=1i 5\n`;
      const lines = normalizeLines(Buffer.from(body), { precision: 'ns', nowNs: 0n });
      await spool.intake.accept({ lines, destination: { org: '', bucket: 'tides' } });
      await spool.intake.accept({ lines, destination: { org: '', bucket: 'other' } });
      const args = ['reconcile', '--from-log', directory, '--to', b.url, '--db', 'tides'];
      expect(await breakwaterWith(TOKENS, ...args)).toEqual({
        code: 0,
        printed: [
          'MEASUREMENT  POINTS  OLDEST                NEWEST',
          'surge             2  2026-01-02T02:59:05Z  2026-01-02T03:00:05Z',
          '',
          'The log holds 2 points. --apply sends them.',
          '',
        ].join('\n'),
        said: '',
      });
      const { printed } = await breakwaterWith(TOKENS, ...args, '--apply');
      expect(printed).toContain('The log holds 2 points. 2 sent, 0 refused.');
      expect(await ask(b.url, 'SELECT m, harbour FROM surge')).toContain(`[[${at(5)},1,"a b"],[${at(4)},2,null]]`);
    } finally {
      await spool.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
