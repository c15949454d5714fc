import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fencedWorkload } from './fenced-workload.js';
import { outranks, type Stamp } from './stamp.js';
import type { Term } from './term.js';
import { type Workload, WorkloadConflict, type WorkloadView } from './workload.js';

type Fate = 'answers' | 'is lost before' | 'is lost after' | 'comes late';

/**
 * An API as Kubernetes' (an update answers with the version that it made) or Swarm's (it does not), which others write to,
 * which loses requests and answers, and does some requests only later.
 */
class Api {
  version = 1;
  stamp: Stamp | undefined;
  readonly accepted: Stamp[] = [];
  readonly late: (() => void)[] = [];
  fate: Fate = 'answers';
  readonly #tells: boolean;

  constructor(tells: boolean) {
    this.#tells = tells;
  }

  workload(): Workload<Stamp> {
    return {
      read: async (): Promise<WorkloadView> => ({ version: String(this.version), stamp: this.stamp }),
      stamp: (stamp, expected) => this.#ask(expected, () => (this.stamp = stamp)),
      act: (by, expected) => this.#ask(expected, () => this.accepted.push(by)),
    };
  }

  async #ask(expected: string, write: () => void): Promise<string | undefined> {
    const attempt = () => {
      if (expected !== String(this.version)) throw new WorkloadConflict('another version');
      this.version++;
      write();
      return this.#tells ? String(this.version) : undefined;
    };
    const { fate } = this;
    this.fate = 'answers';
    if (fate === 'answers') return attempt();
    if (fate === 'is lost after') attempt();
    if (fate === 'comes late') {
      this.late.push(() => {
        try {
          attempt();
        } catch {}
      });
    }
    throw new Error('no answer');
  }
}

const termOf = (token: number): Term => ({
  name: 'scale',
  holder: `h-${token}`,
  token,
  signal: new AbortController().signal,
  // Worse than any lease: every term believes in itself for ever.
  holds: true,
  note: () => {},
});

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('act' as const), term: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), term: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('touch' as const), term: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('late' as const), term: fc.nat(3) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom<Exclude<Fate, 'answers'>>('is lost before', 'is lost after', 'comes late'),
      term: fc.nat(3),
    }),
  },
);

it.each([
  ['tells', true],
  ['does not tell', false],
])('accepts no act of an earlier term after one of a later, where an update %s its version', async (_, tells) => {
  let acts = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const api = new Api(tells);
      const terms = [1, 2, 3, 4].map(termOf);
      const fences = terms.map((term) => fencedWorkload(term, api.workload()));
      const under: Promise<unknown>[] = [];
      for (const { kind, term } of steps) {
        const { token, holder } = terms[term]!;
        // Not awaited: what one asks lies between what others ask.
        if (kind === 'act') under.push(fences[term]!.act({ token, holder }).catch(() => {}));
        else if (kind === 'read') under.push(fences[term]!.read().catch(() => {}));
        else if (kind === 'touch') api.version++;
        else if (kind === 'late') api.late.shift()?.();
        else api.fate = kind;
        for (let turn = 0; turn < term; turn++) await Promise.resolve();
      }
      await Promise.all(under);
      for (const late of api.late) late();
      acts += api.accepted.length;
      expect(api.accepted.filter((by, at) => at > 0 && outranks(api.accepted[at - 1]!, by))).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
  expect(acts).toBeGreaterThan(300);
});
