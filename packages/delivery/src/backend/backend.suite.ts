import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Answer, Backend, Dialect, SendRequest } from './backend.js';
import { type HttpBackendOptions, httpBackend } from './http-backend.js';

/** A running server and what is particular about it. */
export interface BackendRig {
  readonly dialect: Dialect;
  readonly url: string;
  readonly token: string;
  readonly org: string;
  /** Two that exist. */
  readonly buckets: readonly [string, string];
  /** What one bad line among good ones does to the good ones; undefined: the server takes anything. */
  readonly badLines: 'others-stored' | 'none-stored' | undefined;
  /** How many points of this measurement's field `value` can be read back, once so many can be that are due. */
  count(measurement: string, bucket: string, due: number): Promise<number>;
  /** Nobody listens on its port from then on. */
  crash(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const STAMP = 1_763_784_000_000_000_000n;
const never = new AbortController().signal;

/** So many good lines, in two pieces. */
export function linesOf(measurement: string, count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => {
    return `${measurement},host=a value=${index} ${STAMP + BigInt(from + index) * 1_000_000n}\n`;
  });
}

export function requestOf(lines: readonly string[], destination = { org: '', bucket: '' }): SendRequest {
  const half = Math.ceil(lines.length / 2);
  const body = [lines.slice(0, half), lines.slice(half)].map((part) => Buffer.from(part.join('')));
  return { destination, body, bytes: body[0]!.length + body[1]!.length, points: lines.length };
}

/** What every backend does, whatever server it speaks to. */
export function backendContract(name: string, start: () => Promise<BackendRig>): void {
  describe(name, () => {
    let rig: BackendRig;
    let backend: Backend;
    let turn = 0;
    const opened: Backend[] = [];

    const open = (options: Partial<HttpBackendOptions> = {}): Backend => {
      const { url, token, org, buckets } = rig;
      const made = httpBackend({ url, token, org, bucket: buckets[0], timeoutMs: 10_000, ...options });
      opened.push(made);
      return made;
    };
    const send = (lines: string[], destination?: SendRequest['destination'], to = backend): Promise<Answer> =>
      to.send(requestOf(lines, destination), never);

    beforeAll(async () => {
      rig = await start();
    });
    beforeEach(() => {
      turn++;
      backend = open();
    });
    afterEach(() => Promise.all(opened.splice(0).map((made) => made.close())));
    afterAll(() => rig?.stop());

    it('is named by its address', () => {
      expect(backend.id).toBe(rig.url);
    });

    it.each([1, 3, 5_000])('has stored %i points where it says so, and knows the dialect then', async (count) => {
      const measurement = `stored_${count}`;
      expect(backend.dialect).toBeUndefined();
      expect(await send(linesOf(measurement, count))).toEqual({ kind: 'stored' });
      expect(backend.dialect).toBe(rig.dialect);
      expect(await rig.count(measurement, rig.buckets[0], count)).toBe(count);
    });

    it('writes to the destination that the points name', async () => {
      expect(await send(linesOf('elsewhere', 7), { org: rig.org, bucket: rig.buckets[1] })).toEqual({ kind: 'stored' });
      expect(await rig.count('elsewhere', rig.buckets[1], 7)).toBe(7);
      expect(await rig.count('elsewhere', rig.buckets[0], 0)).toBe(0);
    });

    it('says that a line is bad, in the words of the server', async () => {
      const lines = linesOf('spoilt', 10);
      lines[4] = `spoilt value=bad1x ${STAMP}\n`;
      const answer = await send(lines);
      if (rig.badLines === undefined) {
        expect(answer).toEqual({ kind: 'stored' });
        return;
      }
      expect(answer).toEqual({ kind: 'bad-lines', words: expect.stringMatching(/^400 .*unable to parse 'spoilt/) });
      const due = rig.badLines === 'others-stored' ? 9 : 0;
      expect(await rig.count('spoilt', rig.buckets[0], due)).toBe(due);
    });

    it('holds what a missing bucket keeps from being stored, and that alone', async () => {
      if (rig.dialect === 'victoria-metrics') return;
      expect(await send(linesOf('x', 1), { org: '', bucket: 'nowhere' })).toMatchObject({
        kind: 'hold',
        reason: 'not-found',
        scope: 'destination',
        words: expect.stringContaining('nowhere'),
      });
      expect(await send(linesOf('x', 1))).toEqual({ kind: 'stored' });
    });

    it('holds everything where the token is wrong, and does not repeat it', async () => {
      const wrong = rig.token.includes(':') ? 'keeper:wrong-password' : 'wrong-token';
      const refused = await send(linesOf('x', 1), undefined, open({ token: wrong }));
      expect(refused).toMatchObject({ kind: 'hold', reason: 'unauthorized', scope: 'backend', mayBeStored: false });
      expect(JSON.stringify(refused)).not.toMatch(/wrong-(?:token|password)/);
    });

    it('names the run of the server: the same number until it is restarted, before and after the first write', async () => {
      const first = await backend.epoch(never);
      expect(first).toEqual(expect.any(Number));
      expect(Number.isSafeInteger(first)).toBe(true);
      await send(linesOf('runs', 1));
      expect(await backend.epoch(never)).toBe(first);
      const seen = new Set([first]);
      for (let restarts = 1; restarts <= 2; restarts++) {
        await rig.crash();
        await rig.restart();
        const now = await backend.epoch(never);
        expect(now).toEqual(expect.any(Number));
        expect(await backend.epoch(never)).toBe(now);
        seen.add(now);
      }
      expect(seen.size).toBe(3);
    });

    it('holds while nobody listens, knows that nothing was stored, and goes on afterwards', async () => {
      const measurement = `outage_${turn}`;
      expect(await send(linesOf(measurement, 2))).toEqual({ kind: 'stored' });
      await rig.crash();
      try {
        await backend.send(requestOf(linesOf(measurement, 2)), never);
        expect(await send(linesOf(measurement, 2))).toMatchObject({
          kind: 'hold',
          reason: 'network',
          scope: 'backend',
          mayBeStored: false,
          words: expect.stringContaining('ECONNREFUSED'),
        });
        expect(await send(linesOf(measurement, 2), undefined, open())).toMatchObject({ mayBeStored: false });
        expect(await backend.epoch(never)).toBeUndefined();
      } finally {
        await rig.restart();
      }
      expect(await send(linesOf(measurement, 5, 10))).toEqual({ kind: 'stored' });
      expect(await rig.count(measurement, rig.buckets[0], 5)).toBeGreaterThanOrEqual(5);
    });

    it('never rejects: not when it was given up before it began, nor when it is closed', async () => {
      const given = AbortSignal.abort();
      expect(await backend.send(requestOf(linesOf('x', 1)), given)).toMatchObject({ kind: 'hold', reason: 'network' });
      expect(await backend.epoch(given)).toBeUndefined();
      await backend.close();
      expect(await send(linesOf('x', 1))).toMatchObject({ kind: 'hold', reason: 'network', mayBeStored: false });
      expect(await backend.epoch(never)).toBeUndefined();
    });

    it('shows the metrics of its connections', async () => {
      await send(linesOf('measured', 1));
      const values = new Map<string, unknown>();
      backend.measure(({ name: metric }, labels, value) => {
        expect(labels['policy']).toContain(rig.url);
        values.set(`${metric} ${labels['socket'] ?? ''}`, value);
      });
      expect(values.get('connection_pool_requests_total new')).toBeGreaterThanOrEqual(1);
    });
  });
}
