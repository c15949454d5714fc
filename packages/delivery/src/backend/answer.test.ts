import { describe, expect, it } from 'vitest';
import { judgeAnswer, type RawAnswer } from './answer.js';
import type { Answer, Dialect } from './backend.js';

const DIALECTS: readonly Dialect[] = ['influxdb-1', 'influxdb-2', 'victoria-metrics'];
const WALL = Date.UTC(2026, 10, 22, 7, 0, 0);

const judge = (raw: Partial<RawAnswer>, dialect: Dialect = 'influxdb-1', secrets: readonly string[] = []): Answer =>
  judgeAnswer(
    { status: 503, contentType: 'application/json', retryAfter: undefined, body: '', ...raw },
    { dialect, wallMs: WALL, secrets },
  );

/** Kind, or reason and scope of a hold. */
function gist(answer: Answer): string {
  if (answer.kind !== 'hold') return answer.kind;
  return `${answer.reason} ${answer.scope}${answer.mayBeStored ? ', may be stored' : ''}`;
}

/** What JSON means with these statuses, and what HTML means where that is something else. */
type Row = [from: number, to: number, json: string, html: string | undefined];
const TABLE: Row[] = [
  [200, 299, 'stored', 'unexpected-answer backend'],
  [300, 399, 'unexpected-answer backend', undefined],
  [400, 400, 'bad-lines', 'unexpected-answer backend'],
  [401, 401, 'unauthorized backend', undefined],
  [402, 402, 'unexpected-answer backend', undefined],
  [403, 403, 'forbidden destination', undefined],
  [404, 404, 'not-found destination', undefined],
  [405, 407, 'unexpected-answer backend', undefined],
  [408, 408, 'timeout backend', undefined],
  [409, 412, 'unexpected-answer backend', undefined],
  [413, 413, 'too-large', undefined],
  [414, 421, 'unexpected-answer backend', undefined],
  [422, 422, 'bad-lines', 'unexpected-answer backend'],
  [423, 428, 'unexpected-answer backend', undefined],
  [429, 429, 'overloaded backend', undefined],
  [430, 499, 'unexpected-answer backend', undefined],
  [500, 502, 'server-error backend, may be stored', undefined],
  [503, 503, 'overloaded backend', undefined],
  [504, 599, 'server-error backend, may be stored', undefined],
  [600, 999, 'unexpected-answer backend', undefined],
];

describe('the answer policy', () => {
  describe.each(DIALECTS)('of %s', (dialect) => {
    it.each(TABLE)('from %i to %i says %s', (from, to, expected, html) => {
      for (let status = from; status <= to; status++) {
        const said = (contentType: string) => `${status} ${gist(judge({ status, contentType, body: '{}' }, dialect))}`;
        expect(said('application/json; charset=utf-8')).toBe(`${status} ${expected}`);
        expect(said('text/html; charset=utf-8')).toBe(`${status} ${html ?? expected}`);
        // Only a 400 depends on whether the answer has the server's own form.
        if (expected === 'bad-lines') continue;
        expect(said('')).toBe(`${status} ${expected}`);
        expect(said('text/plain')).toBe(`${status} ${expected}`);
      }
    });

    it('covers every status', () => {
      const covered = TABLE.reduce((next, [from, to]) => (from === next ? to + 1 : Number.NaN), 200);
      expect(covered).toBe(1000);
    });

    it.each([400, 422])('takes no %i for a word about lines that does not have its form', (status) => {
      expect(gist(judge({ status, contentType: '' }, dialect))).toBe('unexpected-answer backend');
      const isVictoria = dialect === 'victoria-metrics';
      const text = gist(judge({ status, contentType: 'text/plain; charset=utf-8' }, dialect));
      expect(text).toBe(isVictoria ? 'bad-lines' : 'unexpected-answer backend');
    });
  });

  it.each([
    ['influxdb-1', 400, 'partial write: points beyond retention policy dropped=1', 'bad-lines'],
    ['influxdb-1', 400, 'database is required', 'not-found destination'],
    ['influxdb-1', 500, 'retention policy not found: weekly', 'not-found destination'],
    ['influxdb-1', 500, 'write failed: retention policy not found: x', 'server-error backend, may be stored'],
    ['influxdb-1', 500, 'timeout', 'server-error backend, may be stored'],
    ['influxdb-2', 400, 'please provide either orgID or org', 'not-found destination'],
    ['influxdb-2', 400, "unable to parse 'x': missing fields", 'bad-lines'],
    ['influxdb-2', 400, "unable to parse 'x y=please provide either orgID or org'", 'bad-lines'],
    ['influxdb-1', 400, "unable to parse 'database is required'", 'bad-lines'],
    ['victoria-metrics', 400, 'cannot parse "unsupported path requested: ": no field', 'bad-lines'],
    ['victoria-metrics', 400, 'requestURI: /a/write; unsupported path requested: "/a/write"', 'not-found backend'],
    ['influxdb-2', 400, "unable to parse 'unsupported path requested'", 'bad-lines'],
  ] as const)('%s: a %i saying "%s" is %s', (dialect, status, message, expected) => {
    const key = dialect === 'influxdb-2' ? 'message' : 'error';
    expect(gist(judge({ status, body: JSON.stringify({ [key]: message }) }, dialect))).toBe(expected);
  });

  it('tells how long to wait, for whatever holds', () => {
    expect(judge({ status: 429, retryAfter: '7' })).toMatchObject({ retryAfterMs: 7_000 });
    expect(judge({ status: 503, retryAfter: 'Sun, 22 Nov 2026 07:00:09 GMT' })).toMatchObject({ retryAfterMs: 9_000 });
    expect(judge({ status: 401, retryAfter: '1' })).toMatchObject({ retryAfterMs: 1_000 });
    expect(judge({ status: 503 })).not.toHaveProperty('retryAfterMs');
    expect(judge({ status: 503, retryAfter: 'soon' })).not.toHaveProperty('retryAfterMs');
  });

  it('repeats the words of the server, and no secret', () => {
    const words = (raw: Partial<RawAnswer>) => (judge(raw, 'influxdb-1', ['s3cret']) as { words: string }).words;
    expect(words({ status: 400, body: '{"error":"unable to parse"}' })).toBe('400 unable to parse');
    expect(words({ status: 401, body: '{"code":"x","message":"no s3cret here"}' })).toBe('401 no [secret] here');
    expect(words({ status: 503, contentType: 'text/plain', body: 'queue full\n' })).toBe('503 queue full');
    expect(words({ status: 503 })).toBe('503');
    expect(words({ status: 502, contentType: 'text/html', body: '<html>s3cret' })).toBe('502 an HTML page');
  });
});
