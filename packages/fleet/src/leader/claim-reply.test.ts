import { describe, expect, it } from 'vitest';
import { readClaimReply } from './claim-reply.js';

const NOW = '1795344000000';
const TOKEN = '1795344000000000';
const UNTIL = '1795344000500';

describe('readClaimReply', () => {
  it('reads every outcome', () => {
    const nowMs = Number(NOW);
    const token = Number(TOKEN);
    expect(readClaimReply(['granted', 'a', TOKEN, UNTIL, NOW])).toEqual({
      outcome: 'answered',
      nowMs,
      answer: { outcome: 'granted', token, leftMs: 500 },
    });
    expect(readClaimReply(['renewed', 'a', TOKEN, UNTIL, NOW])).toMatchObject({ answer: { outcome: 'renewed' } });
    expect(readClaimReply(['held', 'b', TOKEN, UNTIL, NOW])).toMatchObject({
      answer: { outcome: 'held', holder: 'b', token, leftMs: 500 },
    });
    expect(readClaimReply(['late', '', '0', '0', NOW])).toEqual({ outcome: 'late', nowMs });
    expect(readClaimReply(['damaged', '', '0', '0', NOW])).toEqual({ outcome: 'damaged', nowMs });
  });

  it.each([
    [null],
    ['granted'],
    [['granted', 'a', TOKEN, UNTIL]],
    [['granted', 'a', 'x', UNTIL, NOW]],
    [['granted', 'a', '0', UNTIL, NOW]],
    [['granted', 'a', '1.7e308', UNTIL, NOW]],
    [['granted', 'a', '9000000000000001', UNTIL, NOW]],
    [['held', 'a b', TOKEN, UNTIL, NOW]],
    [['held', 7, TOKEN, UNTIL, NOW]],
    [['held', 'b', TOKEN, 'x', NOW]],
    [['held', 'b', TOKEN, UNTIL, 'x']],
    [['given', 'a', TOKEN, UNTIL, NOW]],
  ])('does not take %j for one', (reply) => {
    expect(readClaimReply(reply)).toBeUndefined();
  });
});
