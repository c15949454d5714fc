import { describe, expect, it } from 'vitest';
import { readSyncReply } from './sync-reply.js';

const head = ['ok', '1700000000000', 'e1', '1700000000000001', '0', '0', '3', '0'];
const hint = ['rack-1', 'open', '1700000000000001', '-20', '2', 'replica-1', '400'];

describe('readSyncReply', () => {
  it('reads what the script says', () => {
    expect(readSyncReply([...head, ...hint])).toEqual({
      outcome: 'answered',
      nowMs: 1_700_000_000_000,
      reply: {
        epoch: 'e1',
        version: 1_700_000_000_000_001,
        full: false,
        more: false,
        members: 3,
        refused: 0,
        damaged: 0,
        hints: [
          {
            key: 'rack-1',
            state: 'open',
            period: 1_700_000_000_000_001,
            leftMs: -20,
            attempts: 2,
            holder: 'replica-1',
            leaseMs: 400,
          },
        ],
      },
    });
    expect(readSyncReply(['late', '5'])).toEqual({ outcome: 'late', nowMs: 5 });
    expect(readSyncReply(['damaged', '5', 'k'])).toEqual({ outcome: 'damaged', key: 'k' });
  });

  it.each([
    [null],
    ['ok'],
    [[]],
    [['ok']],
    [['late', 'x']],
    [[...head, 'more']],
    [[...head.slice(0, 3), '-1', ...head.slice(4)]],
    [[...head, ...hint.slice(0, 6), 5]],
  ])('refuses %j', (reply) => expect(readSyncReply(reply)).toBeUndefined());

  it.each([
    ['a key that is too long', 0, 'x'.repeat(257)],
    ['a state', 1, 'half-open'],
    ['a version that is none', 2, 'NaN'],
    ['a version that no double holds', 2, '9007199254740993000'],
    ['an open time', 3, 'Infinity'],
    ['no attempts', 4, '0'],
    ['a holder that is too long', 5, 'x'.repeat(257)],
    ['a lease', 6, '-1'],
  ])('leaves out a hint with %s that nobody wrote, and keeps the others', (_what, at, value) => {
    const bad = hint.with(at, value);
    const read = readSyncReply([...head, ...bad, ...hint]);
    expect(read).toMatchObject({ reply: { damaged: 1, hints: [{ key: 'rack-1' }] } });
  });
});
