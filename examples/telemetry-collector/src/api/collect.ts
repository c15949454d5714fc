import { coalesce, type Measured, pipeline, type Recorder, RejectedError, semaphore } from '@breakwater/resilience';
import { z } from 'zod';
import type { Collector } from '../flow/collector.js';
import type { Turn, TurnError, TurnOutcome } from '../flow/turn.js';
import type { Owners } from './owners.js';
import { Problem } from './problem.js';

/** What was collected from one target. */
export interface Collected {
  readonly name: string;
  readonly outcome: TurnOutcome;
  readonly durationMs: number | null;
  readonly readings: number;
  readonly error: TurnError | null;
}

const BODY = z.strictObject({ targets: z.array(z.string().min(1)).min(1).optional() }).nullish();
const AT_ONCE = 2;
const WAITING = 16;

/** Collects by hand: who asks for the same at the same time gets the same answer, and few different wishes run at once. */
export class Collections implements Measured {
  readonly #collector: Collector;
  readonly #owners: Owners;
  readonly #shared = coalesce({ name: 'collect' });
  readonly #slots = semaphore({ name: 'collect', permits: AT_ONCE, maxQueue: WAITING });
  readonly #policy = pipeline(this.#shared, this.#slots);

  constructor(collector: Collector, owners: Owners) {
    this.#collector = collector;
    this.#owners = owners;
  }

  /** @throws Problem for a body of another form, targets that are not polled here, too many requests, and while draining. */
  async collect(body: unknown): Promise<Collected[]> {
    const names = this.#names(body);
    if (this.#collector.draining) throw draining();
    try {
      return await this.#policy.execute(
        async () => (await this.#collector.collect(names ?? this.#collector.names())).map(collected),
        { key: names === undefined ? '' : JSON.stringify(names) },
      );
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      throw new Problem(429, 'too-many-requests', 'other collections are under way; try again in a moment', {
        'retry-after': '1',
      });
    }
  }

  measure(record: Recorder): void {
    this.#shared.measure(record);
    this.#slots.measure(record);
  }

  #names(body: unknown): string[] | undefined {
    const parsed = BODY.safeParse(body);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const path = issue!.path.length === 0 ? 'the body' : issue!.path.join('.');
      throw new Problem(400, 'bad-request', `${path}: ${issue!.message}; send {"targets": ["name", …]} or nothing`);
    }
    const wanted = parsed.data?.targets;
    if (wanted === undefined) return undefined;
    this.#owners.check(wanted);
    return [...new Set(wanted)].sort();
  }
}

const draining = () => new Problem(503, 'draining', 'the collector is draining and takes no more turns');

function collected({ target, outcome, durationMs, readings, error }: Turn): Collected {
  return {
    name: target.name,
    outcome,
    durationMs: durationMs === undefined ? null : Math.round(durationMs * 100) / 100,
    readings: readings.length,
    error: error ?? null,
  };
}
