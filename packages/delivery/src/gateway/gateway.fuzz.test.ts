import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryIntake } from '../intake/memory-intake.suite.js';
import { normalizeLines } from '../lines/normalize.js';
import { bentLine, brokenLine, goodLine, noise } from './bodies.suite.js';
import { writeGateway } from './gateway.js';

const MAX_BODY_BYTES = 20_000;

type Wrapping =
  | { kind: 'plain' | 'gzip' | 'bomb' }
  | { kind: 'cut' | 'flipped'; at: number }
  | { kind: 'followed'; by: string };

const wrapping: fc.Arbitrary<Wrapping> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom<Wrapping>({ kind: 'plain' }, { kind: 'gzip' }) },
  { weight: 2, arbitrary: fc.nat().map((at): Wrapping => ({ kind: 'cut', at })) },
  { weight: 2, arbitrary: fc.nat().map((at): Wrapping => ({ kind: 'flipped', at })) },
  {
    weight: 1,
    arbitrary: fc.string({ minLength: 1, maxLength: 20 }).map((by): Wrapping => ({ kind: 'followed', by })),
  },
  { weight: 1, arbitrary: fc.constant<Wrapping>({ kind: 'bomb' }) },
);

const bomb = gzipSync(Buffer.alloc(5_000_000, 'm f=1 1\n'));

function wrapped(text: string, how: Wrapping): Buffer {
  if (how.kind === 'plain') return Buffer.from(text);
  if (how.kind === 'bomb') return bomb;
  const whole = gzipSync(text);
  if (how.kind === 'cut') return whole.subarray(0, how.at % whole.length);
  if (how.kind === 'followed') return Buffer.concat([whole, Buffer.from(how.by)]);
  if (how.kind === 'flipped') whole[how.at % whole.length]! ^= 1 << (how.at % 8);
  return whole;
}

describe('the write gateway, whatever comes', () => {
  let app: FastifyInstance;
  let intake: MemoryIntake;

  beforeEach(async () => {
    intake = new MemoryIntake();
    app = Fastify();
    await app.register(writeGateway, { intake, instance: 'me', maxBodyBytes: MAX_BODY_BYTES });
  });
  afterEach(() => app.close());

  const send = async (text: string, how: Wrapping) => {
    intake.offers.length = 0;
    const { statusCode } = await app.inject({
      method: 'POST',
      url: '/write?db=t',
      payload: wrapped(text, how),
      headers: how.kind === 'plain' ? {} : { 'content-encoding': 'gzip' },
    });
    return { statusCode, accepted: intake.lines };
  };

  it('accepts what is whole and good, exactly, and nothing of what is not', { timeout: 180_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(goodLine, { maxLength: 6 }),
        fc.option(fc.tuple(brokenLine, fc.nat(6))),
        wrapping,
        async (good, broken, how) => {
          const lines = [...good];
          if (broken !== null) lines.splice(Math.min(broken[1], good.length), 0, broken[0]);
          const { statusCode, accepted } = await send(lines.join('\n'), how);
          const whole = how.kind === 'plain' || how.kind === 'gzip';
          // A flipped bit may hit what gzip does not look at, the time in its header for one.
          if (broken === null && (whole || (how.kind === 'flipped' && statusCode === 204))) {
            expect(statusCode).toBe(204);
            expect(accepted).toEqual(good);
          } else {
            expect(statusCode).toBe(how.kind === 'bomb' ? 413 : 400);
            expect(accepted).toEqual([]);
          }
        },
      ),
      { numRuns: 6_000 },
    );
  });

  it('answers 204 or 400 to anything, and accepts what is line protocol as it stands', {
    timeout: 180_000,
  }, async () => {
    const text = fc
      .array(fc.oneof(bentLine, noise, goodLine), { minLength: 1, maxLength: 4 })
      .map((all) => all.join('\n'));
    await fc.assert(
      fc.asyncProperty(text, wrapping, async (body, how) => {
        const { statusCode, accepted } = await send(body, how);
        expect([204, 400, 413]).toContain(statusCode);
        if (statusCode !== 204) expect(accepted).toEqual([]);
        if (how.kind === 'cut') expect(statusCode).toBe(400);
        // What was accepted is line protocol as it stands, each line with its time.
        const text = accepted.map((line) => `${line}\n`).join('');
        const again = normalizeLines(Buffer.from(text), { precision: 'ns', nowNs: 0n });
        expect(again.map((piece) => piece.body.toString()).join('')).toBe(text);
      }),
      { numRuns: 4_000 },
    );
  });
});
