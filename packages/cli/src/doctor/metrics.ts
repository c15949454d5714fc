import type { Reply } from './ask.js';
import { judgeBreakers } from './breakers.js';
import { judgeText, type Question } from './judge.js';
import { judgeLedger } from './ledger.js';
import { judgeLosses } from './losses.js';
import { judgePools } from './pools.js';
import { Samples } from './samples.js';
import { judgeSemaphores } from './semaphores.js';
import { unhealthy, type Verdict } from './verdict.js';

/** Everything that a collector's `/metrics` tells: each judgement is a file beside this one. */
export function judgeCollectorMetrics(question: Question, reply: Reply): readonly Verdict[] {
  return judgeText(question, reply, (text) => {
    const { what, url } = question;
    const page = Samples.read(text);
    if (page === undefined || page.of('circuit_breaker_calls_total').length === 0) {
      return [unhealthy(what, `${url} is no metrics page of a collector`, 'look who listens there')];
    }
    const at = what.replace(/ metrics$/, '');
    return [
      judgeBreakers(`${at} circuit breakers`, page),
      judgePools(`${at} connection pools`, page),
      judgeSemaphores(`${at} semaphores`, page),
      judgeLedger(`${at} ledger`, page),
      judgeLosses(`${at} losses`, page),
    ];
  });
}
