import {
  type Clock,
  type Context,
  type KeyedCircuitBreaker,
  type KeyedSemaphore,
  RejectedError,
  type StallMonitor,
  systemStalls,
} from '@breakwater/resilience';
import type { ProbeOperation } from '../probes/probe.js';
import { Harvest, StoppedError } from './harvest.js';
import type { Slot } from './slot.js';
import { SlowWatch } from './slow-watch.js';
import { SLOW_AFTER_MS } from './standing.js';
import { LimitError, type LimitPermit, type TargetLimits } from './target-limits.js';
import { SlowShareFullError, type TargetSlots } from './target-slots.js';
import type { TargetState } from './target-state.js';
import type { Turn, TurnOutcome } from './turn.js';
import { toTurnError, turnError } from './turn-error.js';
import type { TurnTimeouts } from './turn-timeouts.js';

export interface TurnRunnerOptions {
  breaker: KeyedCircuitBreaker;
  slots: TargetSlots;
  /** Operation slots: so many operations of one target at once. */
  operations: KeyedSemaphore;
  timeouts: TurnTimeouts;
  /** Limits of the targets file, waited for before the slot; without them no target has one. */
  limits?: TargetLimits;
  clock: Clock;
  stalls?: StallMonitor;
}

/** One turn to take. */
export interface TurnOrder {
  readonly instantMs: number;
  /** How long it may wait for a slot, in milliseconds. */
  readonly patienceMs: number;
  /** Asked for by hand: scheduled turns go first. */
  readonly manual?: boolean;
  /** Asked right before the probe begins, as a wait for a slot may be long: whether the turn may still be taken. */
  readonly mayBegin?: () => boolean;
}

interface Begun {
  readonly state: TargetState;
  readonly order: TurnOrder;
}

/** How long a probe may take to tidy up after it was cut short, before its turn is concluded without its words. */
const TIDYING_MS = 50;

/** Takes turns: the breaker's leave, a permit of the target's limit, a target slot, the timeout, and an operation slot for each operation of the probe. */
export class TurnRunner {
  readonly #options: TurnRunnerOptions;
  readonly #clock: Clock;
  readonly #stalls: StallMonitor;
  readonly #waiting = new Map<AbortController, Begun>();
  readonly #running = new Map<AbortController, Begun>();

  constructor(options: TurnRunnerOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#stalls = options.stalls ?? systemStalls;
  }

  /** Ends every wait for a slot: what has not begun is missed. @returns the first instant of those turns; Infinity: none. */
  dismiss(): number {
    let firstMs = Number.POSITIVE_INFINITY;
    for (const [controller, { order }] of this.#waiting) {
      controller.abort();
      if (order.manual !== true) firstMs = Math.min(firstMs, order.instantMs);
    }
    return firstMs;
  }

  /** Ends every run that is under way, too. */
  stop(): void {
    this.dismiss();
    for (const controller of this.#running.keys()) controller.abort(new StoppedError());
  }

  /** Ends the turns of some targets: those that wait for a slot are missed, those that run are aborted, and say why. */
  end(which: (state: TargetState) => boolean, why: string): void {
    for (const turns of [this.#waiting, this.#running]) {
      for (const [controller, { state }] of turns) if (which(state)) controller.abort(new StoppedError(why));
    }
  }

  /** Takes the turn, and never fails: whatever happens is the turn's outcome. `state.running` is set until the probe has settled. */
  async run(state: TargetState, order: TurnOrder): Promise<Turn> {
    state.running = true;
    try {
      return await this.#options.breaker.execute(() => this.#inSlot(state, order), { key: state.name });
    } catch (error) {
      state.running = false;
      if (error instanceof RejectedError) return this.#notRun(state, order, 'open', error);
      return { ...this.#notRun(state, order, 'down', error), error: toTurnError(error) };
    }
  }

  async #inSlot(state: TargetState, order: TurnOrder): Promise<Turn> {
    const controller = new AbortController();
    this.#waiting.set(controller, { state, order });
    let slot: Slot;
    let permit: LimitPermit | undefined;
    try {
      const wait = {
        startBy: this.#clock.now() + order.patienceMs,
        manual: order.manual === true,
        signal: controller.signal,
      };
      // First the limit: a target that waits for others elsewhere must not hold a slot meanwhile.
      if (state.target.limit !== undefined) permit = await this.#options.limits?.enter(state.target, wait);
      slot = await this.#options.slots.enter(state.standing, { ...wait, startBy: permit?.slotBy ?? wait.startBy });
    } catch (error) {
      permit?.release();
      const outcome = refusal(error);
      if (outcome === undefined) throw error;
      state.running = false;
      return this.#notRun(state, order, outcome, error);
    } finally {
      this.#waiting.delete(controller);
    }
    if (order.mayBegin?.() === false) {
      slot.leave();
      permit?.release();
      state.running = false;
      return this.#notRun(state, order, 'missed', new LeaseOverError());
    }
    this.#running.set(controller, { state, order });
    const overdue = () => controller.abort(permit?.signal.reason);
    permit?.signal.addEventListener('abort', overdue, { once: true });
    const leave = () => {
      slot.leave();
      permit?.release();
      state.running = false;
    };
    try {
      return await this.#measure(state, order, { slot, leave }, controller);
    } finally {
      this.#running.delete(controller);
    }
  }

  async #measure(
    state: TargetState,
    order: TurnOrder,
    { slot, leave }: { slot: Slot; leave: () => void },
    controller: AbortController,
  ): Promise<Turn> {
    const { target } = state;
    const startMs = this.#clock.now();
    const delayMs = Math.max(0, this.#clock.wall() - order.instantMs);
    const harvest = new Harvest();
    state.standing.began(startMs);
    const watch = new SlowWatch(this.#clock, this.#stalls, () => {
      if (!slot.linger()) controller.abort(this.#slowShareFull());
    });
    let settled: Promise<void> | undefined;
    let ended: unknown;
    try {
      const operate = (context: Context) => {
        settled = this.#operate(state, context, harvest).finally(leave);
        return settled;
      };
      await this.#options.timeouts.of(target.timeoutMs).execute(operate, { signal: controller.signal });
    } catch (error) {
      ended = error;
    }
    watch[Symbol.dispose]();
    const durationMs = this.#clock.now() - startMs;
    const stalledMs = this.#stalls.stalledSince(startMs);
    if (settled === undefined) leave();
    else if (ended !== undefined) await this.#tidied(settled);
    return { target, instantMs: order.instantMs, delayMs, durationMs, stalledMs, ...harvest.conclude(ended) };
  }

  async #operate(state: TargetState, context: Context, harvest: Harvest): Promise<void> {
    await Promise.all(state.probe.operations.map((operation) => this.#one(operation, state.name, context, harvest)));
  }

  async #one(operation: ProbeOperation, key: string, context: Context, harvest: Harvest): Promise<void> {
    try {
      const run = () => operation.run(context);
      harvest.took(await this.#options.operations.execute(run, { key, signal: context.signal }));
    } catch (error) {
      harvest.failed(error);
    }
  }

  /** Waits a moment for a probe that was cut short: it knows at which stage, and what it had read by then. */
  #tidied(settled: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const limit = this.#clock.after(TIDYING_MS, resolve);
      void settled.then(() => {
        limit[Symbol.dispose]();
        resolve();
      });
    });
  }

  #slowShareFull(): SlowShareFullError {
    const { slowTotal, total } = this.#options.slots;
    return new SlowShareFullError(
      `no answer after ${SLOW_AFTER_MS} ms, and the slow share (${slowTotal} of ${total} slots) was full`,
    );
  }

  #notRun(state: TargetState, order: TurnOrder, outcome: TurnOutcome, error: unknown): Turn {
    return {
      target: state.target,
      instantMs: order.instantMs,
      outcome,
      delayMs: Math.max(0, this.#clock.wall() - order.instantMs),
      durationMs: undefined,
      error: turnError(outcome, wordsFor(outcome, error)),
      readings: [],
      stalledMs: 0,
    };
  }
}

/** The turn may not be taken any more. */
class LeaseOverError extends Error {
  constructor() {
    super('the lease of this replica was over before a slot came free: another may own the target');
  }
}

function wordsFor(outcome: TurnOutcome, error: unknown): string {
  if (outcome === 'missed' && error instanceof RejectedError) {
    return 'no slot came free before the next turn was nearer, or the collector drains or hands the target over';
  }
  return error instanceof Error ? error.message : String(error);
}

/** Why a turn did not get a slot; undefined when that is not what the error is about. */
function refusal(error: unknown): TurnOutcome | undefined {
  if (error instanceof SlowShareFullError) return 'slow-share-full';
  return error instanceof RejectedError || error instanceof LimitError ? 'missed' : undefined;
}
