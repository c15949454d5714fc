import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { startServer } from '@breakwater/testbed';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anyLine, BROKEN_LINES, mutatedLine, validLine } from './grammar.suite.js';
import { LineError, normalizeLines, PRECISIONS, type Precision } from './normalize.js';
import { lineEnd } from './split.js';

type Influxdb = Awaited<ReturnType<typeof startServer<'influxdb'>>>;

const LINES_PER_PRECISION = 250;
const AT_ONCE = 8;
const nowNs = 1_704_067_200_123_456_789n;

/** What InfluxDB 1.6.7 takes and we refuse, by the words that we refuse it with. */
const REFUSED_ON_PURPOSE: Readonly<Record<string, string>> = {
  'a field name is empty behind a tab or a NUL (it is stored as val0)': 'the field has no name',
  'a comma in a field name that an equals sign after a string makes up for': 'the field has no value: field=value',
  'an equals sign after a string, with such a comma before': 'an equals sign after a string',
  'a field name ends with a backslash (it takes in the next field)': 'InfluxDB cannot read a field name',
  'a backslash after the closing quote of a string': 'a backslash after the closing quote',
  'a backslash at the end of the line (it would escape what is put behind)': 'a backslash at the end of the line',
  'a line that opens a string in its measurement (it would swallow the next one)':
    'InfluxDB would read this line as one',
};

/** Never sent: the server answers 204 or 500, and 500 to others that write at that time. */
const NOT_UTF8 = 'is not UTF-8';

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Case {
  readonly precision: Precision;
  readonly line: Buffer;
  /** Ours; undefined: refused. */
  readonly normalized: Buffer | undefined;
  readonly refusal: string;
}

const agent = new Agent({ keepAlive: true });
let server: Influxdb;
beforeAll(async () => {
  server = await startServer('influxdb', { database: 'original' });
  for (const name of ['normalized', 'alone']) await query(`CREATE DATABASE ${name}`);
});
afterAll(async () => {
  agent.destroy();
  await server?.stop();
});

async function query(q: string, db = ''): Promise<string> {
  const answer = await fetch(`${server.url}/query?db=${db}&epoch=ns`, {
    method: 'POST',
    body: new URLSearchParams({ q }),
  });
  return answer.text();
}

/** 1.x calls them n and u; other names it takes for nanoseconds without a word. */
const SPELLED: Partial<Record<Precision, string>> = { ns: 'n', us: 'u' };

/** Leniently: an answer repeats the line in a header, with bytes that HTTP does not allow there. */
async function write(db: string, body: Buffer, precision?: Precision): Promise<Answer> {
  const unit = precision === undefined ? '' : `&precision=${SPELLED[precision] ?? precision}`;
  const options = { method: 'POST', agent, insecureHTTPParser: true, headers: { 'content-length': body.length } };
  const asked = request(`${server.url}/write?db=${db}${unit}`, options).end(body);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, text: await text(answer) };
}

/** Alone in a new database where another line has made a field another type: that is no matter of line protocol. */
let conflicts = 0;
async function writeAlone(line: Buffer, precision: Precision): Promise<Answer> {
  const first = await write('original', line, precision);
  if (!first.text.includes('field type conflict')) return first;
  const db = `conflict${conflicts++}`;
  await query(`CREATE DATABASE ${db}`);
  const second = await write(db, line, precision);
  await query(`DROP DATABASE ${db}`);
  return second;
}

function normalize(line: Buffer, precision: Precision): Case {
  try {
    const pieces = normalizeLines(line, { precision, nowNs });
    return { precision, line, normalized: Buffer.concat(pieces.map((piece) => piece.body)), refusal: '' };
  } catch (error) {
    if (error instanceof LineError) return { precision, line, normalized: undefined, refusal: error.message };
    throw error;
  }
}

async function each<T>(all: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
  const queue = [...all];
  const work = async () => {
    for (let one = queue.pop(); one !== undefined; one = queue.pop()) await run(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

const onPurpose = (refusal: string): boolean =>
  Object.values(REFUSED_ON_PURPOSE).some((words) => refusal.includes(`: ${words}`));

/** A comment ends at its line end: InfluxDB lets a quote or a backslash in it swallow the lines that follow. */
const hasComment = (line: Buffer): boolean => /^[ \t\0]*#[^\n]*\n/m.test(line.toString('latin1'));

/** \r before the line end: refused by 1.6.7, but for a string without timestamp, which it stores with a quote at its end. */
const hasReturn = (line: Buffer): boolean => line.includes('\r');

/** Measurements of their own, so that no line overwrites another or settles the type of its fields. */
function ownMeasurement(line: Buffer, index: number): Buffer {
  const at = line.findIndex((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0);
  if (at === -1 || line[at] !== 0x6d) return line;
  return Buffer.concat([line.subarray(0, at), Buffer.from(`x${index}_`), line.subarray(at)]);
}

function samples(): Case[] {
  const all = PRECISIONS.flatMap((precision, kind) =>
    fc
      .sample(anyLine(precision), { numRuns: LINES_PER_PRECISION })
      .map((line, index) => normalize(ownMeasurement(line, kind * LINES_PER_PRECISION + index), precision)),
  );
  return all.filter(({ line, refusal }) => !hasComment(line) && !refusal.includes(NOT_UTF8));
}

describe('against InfluxDB 1.6.7', () => {
  it('accepts a line exactly where the server does, and keeps its meaning', async () => {
    const disagreements: string[] = [];
    let accepted = 0;
    await each(samples(), async ({ precision, line, normalized, refusal }) => {
      const answer = await writeAlone(line, precision);
      const shown = `${precision} ${JSON.stringify(line.toString('latin1'))}: ${answer.status} ${answer.text} ${refusal}`;
      if (normalized === undefined) {
        if (answer.status === 204 && !onPurpose(refusal)) disagreements.push(`refused: ${shown}`);
        return;
      }
      if (answer.status !== 204 && !hasReturn(line)) disagreements.push(`accepted: ${shown}`);
      if (normalized.length === 0) return;
      accepted++;
      const ours = await writeAlone(normalized, 'ns');
      if (ours.status !== 204) disagreements.push(`output: ${shown} → ${ours.status} ${ours.text}`);
    });
    expect(disagreements).toEqual([]);
    expect(accepted).toBeGreaterThan((PRECISIONS.length * LINES_PER_PRECISION) / 4);
  });

  it.each(PRECISIONS)('stores with precision %s what it would have stored of the original', async (precision) => {
    const lines = fc
      .sample(fc.oneof(validLine(precision), mutatedLine(precision)), { numRuns: 200 })
      .map((line, index) => ownMeasurement(line, index))
      .map((line) => normalize(line, precision));
    const stamped = lines.filter(
      ({ line, normalized }) => normalized !== undefined && standsAlone(line) && !isStamped(normalized, precision),
    );
    for (const db of ['kept_a', 'kept_b']) await query(`CREATE DATABASE ${db}`);
    const ours = Buffer.concat(stamped.map(({ normalized }) => normalized!));
    for (const { line } of stamped) {
      expect(await write('kept_a', line, precision)).toEqual({ status: 204, text: '' });
    }
    expect(await write('kept_b', ours)).toEqual({ status: 204, text: '' });
    const everything = 'SELECT * FROM /.*/ GROUP BY *';
    const stored = await query(everything, 'kept_a');
    for (const db of ['kept_a', 'kept_b']) expect(await query(everything, db)).toBe(stored);
    expect(stored.match(/"name"/g)!.length).toBeGreaterThan(stamped.length / 2);
    for (const db of ['kept_a', 'kept_b']) await query(`DROP DATABASE ${db}`);
  });

  it('refuses every broken line, as we do', async () => {
    for (const line of BROKEN_LINES) {
      expect([line, (await write('alone', Buffer.from(line))).status]).toEqual([line, 400]);
    }
  });
});

/** Has a measurement of its own, and is one line for the server and for us. */
const standsAlone = (line: Buffer): boolean =>
  /^[ \t\0]*x\d/.test(line.toString('latin1')) && !hasReturn(line) && lineEnd(line, 0) === line.length;

/** Whether the line got our time, because it had none. */
function isStamped(normalized: Buffer, precision: Precision): boolean {
  const unit = {
    ns: 1n,
    n: 1n,
    us: 1_000n,
    u: 1_000n,
    ms: 10n ** 6n,
    s: 10n ** 9n,
    m: 60n * 10n ** 9n,
    h: 3_600n * 10n ** 9n,
  };
  return normalized.toString('latin1').endsWith(` ${nowNs - (nowNs % unit[precision])}\n`);
}
