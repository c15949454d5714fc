import type { CircuitState } from '../core/events.js';
import type { Verdict } from '../core/types.js';
import type { CircuitBreakerOptions } from './settings.js';

export interface Rules extends CircuitBreakerOptions {
  failureThreshold: number;
  recoveryTimeoutMs: number;
  recoveryMultiplier: number;
  maxRecoveryTimeoutMs: number;
  recoveryJitter: number;
  successThreshold: number;
  maxProbes: number;
  probeTimeoutMs: number;
  rampUpMs: number;
  shadow: boolean;
}

/** The breaker as one would describe it: lists and sets of everything, searched through each time. */
export class PlainCircuit {
  readonly rules: Rules;
  readonly random: () => number;
  nowMs = 0;
  state: CircuitState = 'closed';
  failures = 0;
  results: Array<{ atMs: number; failed: boolean; slow: boolean }> = [];
  rampFromMs: number | undefined;
  untilMs = 0;
  attempts = 0;
  probes = new Set<number>();
  probedMs = 0;
  successes = 0;
  isolations = new Set<number>();
  disablements = new Set<number>();
  /** How many probes somebody outside allows at once. */
  allowed = Number.POSITIVE_INFINITY;
  /** Calls that ran and may still count, with the time at which they began. A change of state forgets them all. */
  counting = new Map<number, number>();

  constructor(rules: Rules, random: () => number) {
    this.rules = rules;
    this.random = random;
  }

  enter(state: CircuitState): void {
    this.state = state;
    this.counting.clear();
    this.failures = 0;
    this.results = [];
    this.rampFromMs = undefined;
    this.probes.clear();
    this.successes = 0;
  }

  close(ramping: boolean): void {
    this.enter('closed');
    this.attempts = 0;
    if (ramping && this.rules.rampUpMs > 0) this.rampFromMs = this.nowMs;
  }

  open(hintMs: number): void {
    this.enter('open');
    this.openFor(hintMs);
  }

  openFor(hintMs: number): void {
    this.attempts++;
    const { recoveryTimeoutMs, recoveryMultiplier, maxRecoveryTimeoutMs, recoveryJitter } = this.rules;
    let openMs = Math.min(maxRecoveryTimeoutMs, recoveryTimeoutMs * recoveryMultiplier ** (this.attempts - 1));
    if (recoveryJitter > 0) openMs *= 1 + recoveryJitter * (2 * this.random() - 1);
    this.untilMs = this.nowMs + Math.min(maxRecoveryTimeoutMs, Math.max(openMs, hintMs));
  }

  /** Returns why a call does not run, or undefined. */
  start(id: number): string | undefined {
    const refusal = this.refusal(id);
    if (refusal === undefined) this.counting.set(id, this.nowMs);
    return refusal;
  }

  refusal(id: number): string | undefined {
    if (this.state === 'isolated') return 'isolated';
    if (this.state === 'open' && this.nowMs >= this.untilMs && this.allowed > 0) this.enter('half-open');
    if (this.state === 'half-open') {
      if (this.probes.size < Math.min(this.rules.maxProbes, this.allowed)) {
        this.probes.add(id);
        this.probedMs = this.nowMs;
        return undefined;
      }
      const hung = this.probes.size > 0 && this.nowMs - this.probedMs >= this.rules.probeTimeoutMs;
      if (!hung) return 'probing';
      this.open(0);
    }
    if (this.state === 'open') return 'open';
    if (this.state === 'closed' && this.rampFromMs !== undefined) {
      const share = 0.1 + (0.9 * (this.nowMs - this.rampFromMs)) / this.rules.rampUpMs;
      if (this.nowMs - this.rampFromMs >= this.rules.rampUpMs) this.rampFromMs = undefined;
      else if (this.random() >= share) return 'shed';
    }
    return undefined;
  }

  finish(id: number, verdict: Verdict, hintMs: number): void {
    const beganMs = this.counting.get(id);
    if (beganMs === undefined) return;
    this.counting.delete(id);
    this.probes.delete(id);
    if (verdict === 'ignore' || this.state === 'disabled') return;
    const failed = verdict === 'failure';
    const slow = this.nowMs - beganMs > (this.rules.trip?.slowCallMs ?? Number.POSITIVE_INFINITY);
    if (this.state === 'half-open') {
      if (failed || slow) this.open(failed ? hintMs : 0);
      else if (++this.successes === this.rules.successThreshold) this.close(true);
      return;
    }
    this.failures = failed ? this.failures + 1 : 0;
    this.results.push({ atMs: this.nowMs, failed, slow });
    if (this.failures >= this.rules.failureThreshold || this.tooMany()) this.open(failed ? hintMs : 0);
  }

  tooMany(): boolean {
    const { trip } = this.rules;
    if (trip === undefined) return false;
    const held =
      trip.window === 'count'
        ? this.results.slice(-trip.calls!)
        : this.results.filter(({ atMs }) => this.bucket(atMs) > this.bucket(this.nowMs) - trip.buckets!);
    if (held.length < trip.minimumCalls!) return false;
    const share = (matching: typeof held) => matching.length / held.length;
    return (
      share(held.filter(({ failed }) => failed)) >= trip.failureRate! ||
      share(held.filter(({ slow }) => slow)) >= (trip.slowCallRate ?? 1)
    );
  }

  bucket(ms: number): number {
    const { trip } = this.rules;
    return trip?.window === 'time' ? Math.floor(ms / (trip.durationMs! / trip.buckets!)) : 0;
  }

  isolate(hold: number): void {
    if (this.state !== 'isolated') this.enter('isolated');
    this.isolations.add(hold);
  }

  disable(hold: number): void {
    this.disablements.add(hold);
    if (this.state !== 'isolated' && this.state !== 'disabled') this.enter('disabled');
  }

  release(hold: number): void {
    const lastIsolation = this.isolations.delete(hold) && this.isolations.size === 0;
    const lastDisablement = this.disablements.delete(hold) && this.disablements.size === 0;
    if (lastIsolation && this.disablements.size > 0) this.enter('disabled');
    else if (lastIsolation || (lastDisablement && this.state === 'disabled')) this.close(true);
  }

  trip(openMs: number | undefined, attempts: number): boolean {
    if (this.state === 'isolated' || this.state === 'disabled') return false;
    const { untilMs, attempts: before, state } = this;
    const known = Math.max(before, attempts);
    if (openMs === undefined) {
      this.attempts = known - 1;
      this.openFor(0);
    } else {
      this.attempts = known;
      this.untilMs = this.nowMs + Math.min(openMs, this.rules.maxRecoveryTimeoutMs);
    }
    if (state === 'open') this.untilMs = Math.max(untilMs, this.untilMs);
    else this.enter('open');
    return true;
  }

  recover(): boolean {
    if (this.state !== 'open' && this.state !== 'half-open') return false;
    this.close(true);
    return true;
  }

  reset(): void {
    this.isolations.clear();
    this.disablements.clear();
    this.close(false);
  }

  /** A snapshot goes to a new process: holds, probes, windows and the ramp-up stay behind. */
  restart(): void {
    const { state, failures } = this;
    this.isolations.clear();
    this.disablements.clear();
    this.enter(state === 'half-open' ? 'open' : state);
    this.failures = failures;
    if (state === 'isolated') this.isolations.add(-1);
    if (state === 'disabled') this.disablements.add(-1);
  }
}
