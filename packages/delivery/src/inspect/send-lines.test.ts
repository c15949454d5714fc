import { describe, expect, it } from 'vitest';
import type { Answer, SendRequest } from '../backend/backend.js';
import { type RefusedLine, sendLines } from './send-lines.js';

const DESTINATION = { org: '', bucket: 'telemetry' };
const STORED: Answer = { kind: 'stored' };

function gateway(answer: (lines: string[], request: number) => Answer) {
  const requests: string[][] = [];
  return {
    id: 'http://collector:8080',
    requests,
    async send({ body, bytes, points, destination }: SendRequest): Promise<Answer> {
      const text = Buffer.concat(body).toString();
      const lines = text.split('\n').slice(0, -1);
      expect([bytes, points, destination]).toEqual([Buffer.byteLength(text), lines.length, DESTINATION]);
      requests.push(lines);
      return answer(lines, requests.length);
    },
  };
}

function sending(count: number) {
  const waits: number[] = [];
  const refused: RefusedLine[] = [];
  const lines = Array.from({ length: count }, (_, number) => ({ number, bytes: Buffer.from(`m v=${number}`) }));
  const options = {
    destination: DESTINATION,
    signal: new AbortController().signal,
    onRefused: (line: RefusedLine) => refused.push(line),
    wait: async (ms: number) => void waits.push(ms),
  };
  return { lines, options, waits, refused };
}

const hold = (reason: 'overloaded' | 'unauthorized', retryAfterMs?: number): Answer => ({
  kind: 'hold',
  reason,
  words: 'no',
  scope: 'backend',
  mayBeStored: false,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

describe('sending lines', () => {
  it('takes one request when all is well, and none for nothing', async () => {
    const server = gateway(() => STORED);
    const { lines, options } = sending(5);
    expect(await sendLines(server, lines, options)).toBe(5);
    expect(await sendLines(server, [], options)).toBe(0);
    expect(server.requests).toHaveLength(1);
  });

  it('finds the lines that are refused, and gives the words for each', async () => {
    const server = gateway((lines) =>
      lines.some((line) => /v=(?:3|7)$/.test(line)) ? { kind: 'bad-lines', words: `no: ${lines[0]}` } : STORED,
    );
    const { lines, options, refused } = sending(10);
    expect(await sendLines(server, lines, options)).toBe(8);
    expect(refused).toEqual([
      { number: 3, text: 'm v=3', words: 'no: m v=3' },
      { number: 7, text: 'm v=7', words: 'no: m v=7' },
    ]);
  });

  it('halves what is too large, and refuses a line that is too large by itself', async () => {
    const server = gateway((lines) =>
      lines.length > 2 || lines.includes('m v=4') ? { kind: 'too-large', words: 'too large' } : STORED,
    );
    const { lines, options, refused } = sending(5);
    expect(await sendLines(server, lines, options)).toBe(4);
    expect(refused).toEqual([{ number: 4, text: 'm v=4', words: 'too large' }]);
  });

  it('waits as long as it is asked to, longer and longer where it is not', async () => {
    const answers = [hold('overloaded', 7_000), hold('overloaded'), hold('overloaded'), STORED];
    const server = gateway((_, request) => answers[request - 1]!);
    const { lines, options, waits } = sending(1);
    expect(await sendLines(server, lines, options)).toBe(1);
    expect(waits).toEqual([7_000, 1_000, 2_000]);
  });

  it('gives up at once where waiting does not help, and after a while where it did not', async () => {
    const { lines, options, waits } = sending(1);
    await expect(
      sendLines(
        gateway(() => hold('unauthorized')),
        lines,
        options,
      ),
    ).rejects.toThrow('http://collector:8080 takes nothing (unauthorized): no');
    expect(waits).toEqual([]);
    await expect(
      sendLines(
        gateway(() => hold('overloaded')),
        lines,
        options,
      ),
    ).rejects.toThrow('(overloaded)');
    expect(waits).toHaveLength(10);
  });
});
