import { isSameStamp, outranks, type Stamp } from './stamp.js';
import type { Term } from './term.js';
import { StaleTermError, type Workload, WorkloadConflict, type WorkloadView } from './workload.js';

/** Somebody who writes all the time is told to the caller, who may try again. */
const STAMP_TRIES = 5;

/** A workload that lets one term's leader act, and refuses it as soon as a later one has stamped. Calls run one at a time. */
export interface FencedWorkload<Change, View extends WorkloadView = WorkloadView> {
  /**
   * Reads the workload, and stamps it unless it carries this term's stamp. What is decided on it can be acted on, as long
   * as nobody else writes.
   * @throws StaleTermError · WorkloadConflict when others write all the time · whatever the workload throws
   */
  read(): Promise<View>;
  /**
   * Makes the change, if nothing was written since the last `read` or `act`; the first one stamps before.
   * @throws WorkloadConflict: not done, decide again on fresh data · StaleTermError: not done, this leader leads no more ·
   * whatever the workload throws: unknown, and the next act reads before it does anything
   */
  act(change: Change): Promise<void>;
}

class Fence<Change, View extends WorkloadView> implements FencedWorkload<Change, View> {
  readonly #term: Term;
  readonly #workload: Workload<Change, View>;
  readonly #stamp: Stamp;
  /** The version at which the workload carried our stamp, and which the caller's decisions rest on. */
  #version: string | undefined;
  /** Whether a write of ours may have happened, or may yet. */
  #uncertain = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(term: Term, workload: Workload<Change, View>) {
    this.#term = term;
    this.#workload = workload;
    this.#stamp = { token: term.token, holder: term.holder };
  }

  read(): Promise<View> {
    return this.#inTurn(() => this.#take());
  }

  act(change: Change): Promise<void> {
    return this.#inTurn(() => this.#act(change));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #act(change: Change): Promise<void> {
    const known = this.#version;
    if (known === undefined || this.#uncertain) await this.#take();
    if (known !== undefined && this.#version !== known) throw this.#conflict('an act before may have been done');
    this.#mustHold();
    const expected = this.#version!;
    this.#uncertain = true;
    try {
      this.#version = await this.#workload.act(change, expected, this.#term.signal);
      this.#uncertain = false;
      this.#term.note('accepted');
    } catch (error) {
      if (!(error instanceof WorkloadConflict)) {
        this.#term.note('uncertain');
        throw error;
      }
      await this.#look(error);
    }
  }

  /** An act was refused, so it was not done: what is there now may be another leader's. */
  async #look(refusal: WorkloadConflict): Promise<never> {
    this.#version = undefined;
    try {
      await this.#take();
    } catch (error) {
      if (error instanceof StaleTermError) throw error;
      throw this.#conflict('it was changed, and cannot be looked at now', error);
    }
    throw this.#conflict('it was changed meanwhile', refusal);
  }

  /** Sees our stamp on the workload, or puts it there. */
  async #take(): Promise<View> {
    for (let tries = 0; tries < STAMP_TRIES; tries++) {
      this.#mustHold();
      const view = await this.#workload.read(this.#term.signal);
      if (view.stamp !== undefined && outranks(view.stamp, this.#stamp)) throw this.#stale(view.stamp);
      const version = this.#isOurs(view) ? view.version : await this.#leaveStamp(view.version);
      if (version === undefined) continue;
      this.#version = version;
      this.#uncertain = false;
      return view;
    }
    throw this.#conflict(`it was changed between reading and stamping ${STAMP_TRIES} times`);
  }

  #isOurs({ stamp }: WorkloadView): boolean {
    return stamp !== undefined && isSameStamp(stamp, this.#stamp);
  }

  /** The version that it made; undefined: look again. */
  async #leaveStamp(expected: string): Promise<string | undefined> {
    this.#mustHold();
    try {
      return await this.#workload.stamp(this.#stamp, expected, this.#term.signal);
    } catch (error) {
      if (error instanceof WorkloadConflict) return undefined;
      throw error;
    }
  }

  #mustHold(): void {
    const { name, token, holds } = this.#term;
    if (holds) return;
    this.#term.note('over');
    throw new StaleTermError(`leader lease ${name}: the term with token ${token} is over; nothing was done`);
  }

  #stale(by: Stamp): StaleTermError {
    const { name, token } = this.#term;
    this.#term.note('stale', by);
    const rank = by.token === token ? 'the same token' : `token ${by.token}`;
    return new StaleTermError(
      `leader lease ${name}: ${by.holder} has stamped the workload with ${rank}, ours is ${token}; nothing was done`,
      by,
    );
  }

  #conflict(why: string, cause?: unknown): WorkloadConflict {
    this.#term.note('conflict');
    const words = `leader lease ${this.#term.name}: the workload is not what was decided on (${why}); nothing was done: decide again`;
    return new WorkloadConflict(words, cause === undefined ? {} : { cause });
  }
}

/**
 * Fences a workload for one term. Of the acts that the workload accepts, none of an earlier term comes after one of a later
 * term, whatever pauses there are between asking and acting: the workload itself refuses it.
 */
export function fencedWorkload<Change, View extends WorkloadView = WorkloadView>(
  term: Term,
  workload: Workload<Change, View>,
): FencedWorkload<Change, View> {
  return new Fence(term, workload);
}
