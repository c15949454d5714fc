import { describe, expect, it } from 'vitest';
import { Call } from '../core/call.js';
import { RejectedError, type RejectionReason } from '../core/errors.js';
import { isRetried, REJECTIONS_RETRIED } from './rejections.js';

const reasons = Object.keys(REJECTIONS_RETRIED) as RejectionReason[];
const isOfOwn = (own: boolean) => {
  const call = Call.root(() => 1);
  return reasons.filter((reason) => isRetried(call, RejectedError.of('p', reason, {}, own ? call.id : call.id + 1)));
};

describe('which refusals are retried', () => {
  it('is said for every reason, with why', () => {
    for (const { because } of Object.values(REJECTIONS_RETRIED)) expect(because.length).toBeGreaterThan(10);
    expect(reasons).toHaveLength(10);
  });

  it('in the own pipeline: where load may pass in a moment', () => {
    expect(isOfOwn(true)).toEqual(['queue-full', 'shed']);
  });

  it('from a pipeline further down: a failure like any, unless time or hands decided', () => {
    expect(isOfOwn(false)).toEqual(['open', 'probing', 'queue-full', 'queue-timeout', 'shed']);
  });
});
