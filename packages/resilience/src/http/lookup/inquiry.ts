import type { Clock } from '../../core/clock.js';
import type { Address } from './name-lookup.js';
import type { NameLookupErrorCode } from './name-lookup-error.js';
import type { Answer, Ask, Question } from './question.js';
import type { Try } from './tries.js';

export interface InquiryOptions {
  readonly ask: Ask;
  readonly clock: Clock;
  /** The names to ask for, in order; the first with an address is the answer. */
  readonly names: readonly string[];
  readonly tries: readonly Try[];
  /** 0: both. */
  readonly family: 0 | 4 | 6;
  /** Of which family the first address is to be. */
  readonly prefer: 4 | 6;
  /** Ends everything that is still asked. */
  readonly signal: AbortSignal;
}

/** How long one family's addresses wait for the other's (RFC 8305, section 3): some servers never answer for AAAA. */
const RESOLUTION_DELAY_MS = 50;

/** Another server may know better after these; after the others, what the server said holds. */
const NEXT_SERVER: ReadonlySet<NameLookupErrorCode> = new Set([
  'ESERVFAIL',
  'EREFUSED',
  'ENOTIMP',
  'EFORMERR',
  'EBADRESP',
  'ETIMEOUT',
  'ECONNREFUSED',
]);

/** Goes through the search list as glibc's res_search does: on past names that do not exist, not past servers that are silent. */
export async function inquire(options: InquiryOptions): Promise<Answer> {
  let verdict: Answer = { code: 'ENOTFOUND' };
  for (const name of options.names) {
    const answer = await askFamilies(name, options);
    if ('addresses' in answer || options.signal.aborted) return answer;
    if (answer.code === 'ETIMEOUT' || answer.code === 'ECONNREFUSED') return answer;
    // A name without addresses says more than a name that does not exist, a server's failure more than no name.
    if (verdict.code === 'ENOTFOUND' || answer.code === 'ENODATA') verdict = answer;
  }
  return verdict;
}

async function askFamilies(name: string, options: InquiryOptions): Promise<Answer> {
  if (options.family !== 0) return askServers({ name, family: options.family }, options);
  const other = options.prefer === 4 ? 6 : 4;
  const preferred = askServers({ name, family: options.prefer }, options);
  const alternative = askServers({ name, family: other }, options);
  const [first, second] = await bothOrEnough(preferred, alternative, options.clock);
  return combine(first, second);
}

/** Asks server after server until one gives an answer that holds. */
async function askServers(question: Question, { ask, clock, tries, signal }: InquiryOptions): Promise<Answer> {
  let verdict: Answer = { code: 'ETIMEOUT' };
  for (const { server, timeoutMs } of tries) {
    const answer = await ask(question, server, timeoutMs, clock, signal);
    if ('addresses' in answer || !NEXT_SERVER.has(answer.code)) return answer;
    // What a server said is worth more than that another was silent.
    if (answer.code !== 'ETIMEOUT') verdict = answer;
  }
  return verdict;
}

type Pair = readonly [Answer | undefined, Answer | undefined];

/** Waits for both answers, since some servers deny a name that has no AAAA; no longer than the resolution delay once one has addresses. */
function bothOrEnough(first: Promise<Answer>, second: Promise<Answer>, clock: Clock): Promise<Pair> {
  return new Promise((resolve) => {
    const answers: [Answer | undefined, Answer | undefined] = [undefined, undefined];
    let delay: Disposable | undefined;
    const take = (index: 0 | 1) => (answer: Answer) => {
      answers[index] = answer;
      if (answers[0] !== undefined && answers[1] !== undefined) {
        delay?.[Symbol.dispose]();
        resolve(answers);
      } else if ('addresses' in answer) {
        delay = clock.after(RESOLUTION_DELAY_MS, () => resolve(answers));
      }
    };
    void first.then(take(0));
    void second.then(take(1));
  });
}

function combine(first: Answer | undefined, second: Answer | undefined): Answer {
  const found = [first, second].filter((answer) => answer !== undefined && 'addresses' in answer);
  if (found.length > 0) {
    return {
      addresses: interleave(found[0]!.addresses, found[1]?.addresses ?? []),
      ttlMs: Math.min(...found.map(({ ttlMs }) => ttlMs)),
    };
  }
  const codes = [first, second].flatMap((answer) => (answer !== undefined && 'code' in answer ? [answer.code] : []));
  // That the name does not exist holds for both families; that one has no data does not excuse the other's failure.
  return { code: codes.find((code) => code === 'ENOTFOUND') ?? codes.find((code) => code !== 'ENODATA') ?? 'ENODATA' };
}

/** Takes turns, so that the second try is of the other family (RFC 8305, section 4). */
export function interleave(first: readonly Address[], second: readonly Address[]): Address[] {
  const order: Address[] = [];
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    const pair = [first[index], second[index]];
    for (const address of pair) if (address !== undefined) order.push(address);
  }
  return order;
}
