import type { CircuitCause } from '../core/events.js';
import { Closed } from './closed.js';
import { Disabled } from './disabled.js';
import { HalfOpen } from './half-open.js';
import { Isolated } from './isolated.js';
import { Open } from './open.js';
import { openTimeMs } from './recovery.js';
import type { CircuitSettings } from './settings.js';
import type { Ending, Refusal, State } from './state.js';

/** Who has a circuit: one breaker, or a keyed breaker for each of its keys. */
export interface CircuitOwner {
  readonly settings: CircuitSettings;
  /** A number above all that it gave before. */
  nextGeneration(): number;
  /** How many probes of the circuit may run at once, whatever the settings say. */
  probes(circuit: Circuit): number;
  /** Told after the circuit went into another state. */
  moved(circuit: Circuit, from: State, cause: CircuitCause, nowMs: number): void;
}

/**
 * The state machine of a breaker, without clock, timers or I/O: it is told what happens and when. Its generation is its
 * fence: whoever lets a call run keeps the generation of that moment, and a result of an older one changes nothing.
 */
export class Circuit {
  readonly #owner: CircuitOwner;
  #state: State;
  #generation = 0;

  constructor(owner: CircuitOwner) {
    this.#owner = owner;
    this.#state = new Closed(owner.settings);
  }

  get state(): State {
    return this.#state;
  }

  /** Grows with each move. */
  get generation(): number {
    return this.#generation;
  }

  /** Lets a call run (undefined), or says why not. Who runs says later what became of it, and gives back once. */
  admit(nowMs: number): Refusal | undefined {
    const cause = this.#state.due(nowMs);
    const held = cause === 'recovery-timeout' && this.#owner.probes(this) <= 0;
    if (cause !== undefined && !held) this.#leave(cause, nowMs, 0);
    return this.#state.admit(nowMs);
  }

  /** Whether a result that began in generation `began` comes too late to count. */
  isLate(began: number): boolean {
    return this.#generation > began;
  }

  success(began: number, nowMs: number, slow: boolean): void {
    if (this.isLate(began)) return;
    const cause = this.#state.success(nowMs, slow);
    if (cause !== undefined) this.#leave(cause, nowMs, 0);
  }

  /** @param hintMs how long the other side asks to be left alone; 0: it does not say */
  failure(began: number, nowMs: number, slow: boolean, hintMs: number): void {
    if (this.isLate(began)) return;
    const cause = this.#state.failure(nowMs, slow);
    if (cause !== undefined) this.#leave(cause, nowMs, hintMs);
  }

  giveBack(began: number): void {
    if (!this.isLate(began)) this.#state.giveBack();
  }

  /** Refuses every call until each hold on the state that it returns is released. */
  isolate(nowMs: number): Isolated {
    const state = this.#state;
    if (state instanceof Isolated) {
      state.holds++;
      return state;
    }
    const isolated = new Isolated(state instanceof Disabled ? state : undefined);
    this.#move(isolated, 'isolate', nowMs);
    return isolated;
  }

  /** Lets every call run until each hold on the state that it returns is released. An isolation comes first. */
  disable(nowMs: number): Disabled {
    const state = this.#state;
    const present = state instanceof Isolated ? state.beneath : state;
    if (present instanceof Disabled && present.holds > 0) {
      present.holds++;
      return present;
    }
    const disabled = new Disabled();
    if (state instanceof Isolated) state.beneath = disabled;
    else this.#move(disabled, 'disable', nowMs);
    return disabled;
  }

  /** Gives one hold back. After the last the circuit closes, and ramps up as after any recovery. */
  release(held: Isolated | Disabled, nowMs: number): void {
    held.holds--;
    if (held.holds > 0 || held !== this.#state) return;
    const beneath = held instanceof Isolated ? held.beneath : undefined;
    const next = beneath !== undefined && beneath.holds > 0 ? beneath : new Closed(this.#owner.settings, nowMs);
    this.#move(next, 'release', nowMs);
  }

  /** Closes at once, whatever was: counts, attempts and holds are forgotten, and there is no ramp-up. */
  reset(nowMs: number): void {
    this.#move(new Closed(this.#owner.settings), 'reset', nowMs);
  }

  /**
   * Opens on a hint from outside, or stays open for longer than it would have, never for less.
   * @param openMs undefined: what the settings say
   * @returns false where an order by hand comes first
   */
  trip(nowMs: number, openMs: number | undefined, attempts: number): boolean {
    const state = this.#state;
    if (state instanceof Isolated || state instanceof Disabled) return false;
    const { settings } = this.#owner;
    const before = state instanceof HalfOpen ? state.open : state;
    const tries = before instanceof Open ? Math.max(before.attempts, attempts) : attempts;
    const forMs = openMs ?? openTimeMs(settings, tries, 0);
    const hintedMs = nowMs + Math.min(forMs, settings.maxRecoveryTimeoutMs);
    const untilMs = state instanceof Open ? Math.max(state.untilMs, hintedMs) : hintedMs;
    const isNews = !(state instanceof Open) || untilMs > state.untilMs || tries > state.attempts;
    if (isNews) this.#move(new Open('hint', nowMs, untilMs, tries), 'hint', nowMs);
    return true;
  }

  /** Closes an open or half-open circuit on a hint from outside, and ramps up. */
  recover(nowMs: number): boolean {
    if (!(this.#state instanceof Open || this.#state instanceof HalfOpen)) return false;
    this.#move(new Closed(this.#owner.settings, nowMs), 'hint', nowMs);
    return true;
  }

  /** Goes on where another circuit was. */
  restore(state: State, nowMs: number): void {
    this.#move(state, 'restore', nowMs);
  }

  #leave(cause: Ending, nowMs: number, hintMs: number): void {
    this.#move(this.#successor(cause, nowMs, hintMs), cause, nowMs);
  }

  #successor(cause: Ending, nowMs: number, hintMs: number): State {
    const { settings } = this.#owner;
    const state = this.#state;
    if (cause === 'recovered') return new Closed(settings, nowMs);
    if (cause === 'recovery-timeout') return new HalfOpen(settings, state as Open, () => this.#owner.probes(this));
    const attempts = state instanceof HalfOpen ? state.open.attempts + 1 : 1;
    return new Open(cause, nowMs, nowMs + openTimeMs(settings, attempts, hintMs), attempts);
  }

  #move(next: State, cause: CircuitCause, nowMs: number): void {
    const from = this.#state;
    this.#state = next;
    this.#generation = this.#owner.nextGeneration();
    this.#owner.moved(this, from, cause, nowMs);
  }
}
