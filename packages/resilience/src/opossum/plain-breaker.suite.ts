import type { Difference } from './differences.suite.js';
import {
  BUCKETS,
  type ByHand,
  type Ending,
  FAILURE_RATE,
  type HistorySettings,
  MINIMUM_CALLS,
  RESET_MS,
  type Step,
  WINDOW_MS,
} from './history.suite.js';

interface PlainCall {
  readonly id: number;
  readonly generation: number;
  /** Whether the breaker was enabled as it began. */
  readonly counts: boolean;
  /** Whether it takes a place of the capacity, and can time out. */
  readonly limited: boolean;
  readonly dueMs: number;
  timedOut: boolean;
}

const BUCKET_MS = WINDOW_MS / BUCKETS;

/**
 * A breaker in plain words, without promises and timers. Given none of opossum's rules it is ours, given all it is
 * opossum: so whatever the two do differently is one of the rules, or a history shows that this is no true picture.
 */
export class PlainBreaker {
  readonly #rules: ReadonlySet<Difference>;
  readonly #settings: HistorySettings;
  #nowMs = 0;
  #state: 'closed' | 'open' | 'half-open' = 'closed';
  #disabled = false;
  #isolated = false;
  #untilMs = 0;
  #probe: number | undefined;
  #probeFromMs = 0;
  #generation = 0;
  #window: Array<{ bucket: number; calls: number; failures: number }> = [];
  #running = new Map<number, PlainCall>();
  #taken = 0;
  #answers: string[] = [];

  constructor(settings: HistorySettings, rules: ReadonlySet<Difference>) {
    this.#settings = settings;
    this.#rules = rules;
  }

  take(step: Step): string {
    this.#answers = [];
    if (step.do === 'start') this.#start(step.call);
    else if (step.do === 'settle') this.#settle(step.call, step.as);
    else if (step.do === 'advance') this.#advance(this.#nowMs + step.ms);
    else this.#byHand(step.do);
    return [this.#name, ...this.#answers].join(' | ');
  }

  #byHand(what: ByHand): void {
    if (what === 'open') this.#open();
    else if (what === 'close') this.#close();
    else if (what === 'disable') this.#disable();
    else this.#enable();
  }

  get #name(): string {
    if (this.#isolated) return 'isolated';
    return this.#disabled ? 'disabled' : this.#state;
  }

  #start(id: number): void {
    if (this.#rules.has('calls-count-when-fired')) this.#record(1, 0);
    const refusal = this.#refusal(id) ?? this.#begin(id);
    if (refusal !== undefined) this.#answers.push(`${id} ${refusal}`);
  }

  /** Why the breaker refuses, if it does. */
  #refusal(id: number): string | undefined {
    if (this.#isolated) return 'isolated';
    if (this.#disabled) return undefined;
    if (this.#state === 'open' && this.#nowMs >= this.#untilMs) this.#move('half-open');
    const hangsMs = this.#probe === undefined ? 0 : this.#nowMs - this.#probeFromMs;
    if (hangsMs >= RESET_MS && !this.#rules.has('probe-without-deadline')) this.#trip();
    if (this.#state === 'open') return `open ${this.#untilMs - this.#nowMs}`;
    if (this.#state === 'closed') return undefined;
    if (this.#probe !== undefined) return 'probing';
    this.#probe = id;
    this.#probeFromMs = this.#nowMs;
    return undefined;
  }

  #begin(id: number): string | undefined {
    const { capacity, timeoutMs } = this.#settings;
    const counts = !this.#disabled;
    const limited = counts || !this.#rules.has('disabled-lifts-limits');
    if (limited && this.#taken >= capacity) {
      if (counts && this.#rules.has('capacity-counts-as-failure')) this.#fail();
      else this.#giveBack(id);
      return 'queue-full';
    }
    if (limited) this.#taken++;
    const dueMs = limited && timeoutMs > 0 ? this.#nowMs + timeoutMs : Number.POSITIVE_INFINITY;
    this.#running.set(id, { id, generation: this.#generation, counts, limited, dueMs, timedOut: false });
    return undefined;
  }

  #settle(id: number, as: Ending): void {
    const call = this.#running.get(id);
    if (call === undefined) return;
    this.#running.delete(id);
    if (call.limited && !(call.timedOut && this.#rules.has('timeout-frees-capacity'))) this.#taken--;
    if (call.timedOut) return;
    this.#answers.push(`${id} ${as}`);
    this.#hear(call, as);
  }

  #advance(untilMs: number): void {
    for (let late = this.#nextDue(untilMs); late !== undefined; late = this.#nextDue(untilMs)) {
      this.#moveTo(late.dueMs);
      late.timedOut = true;
      if (this.#rules.has('timeout-frees-capacity')) this.#taken--;
      this.#answers.push(`${late.id} timeout`);
      this.#hear(late, 'failure');
    }
    this.#moveTo(untilMs);
  }

  #nextDue(untilMs: number): PlainCall | undefined {
    const due = [...this.#running.values()].filter((call) => !call.timedOut && call.dueMs <= untilMs);
    return due.sort((a, b) => a.dueMs - b.dueMs || a.id - b.id)[0];
  }

  #moveTo(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#rules.has('half-open-by-timer') && this.#state === 'open' && nowMs >= this.#untilMs) {
      this.#move('half-open');
    }
  }

  /** What became of a call. */
  #hear(call: PlainCall, ending: Ending): void {
    const late = call.generation !== this.#generation;
    if (!call.counts || (late && !this.#rules.has('late-results-count'))) return;
    if (ending === 'failure') this.#fail();
    else if (ending === 'success' || this.#rules.has('ignored-is-success')) this.#succeed();
    else this.#giveBack(call.id);
  }

  #succeed(): void {
    if (this.#state === 'half-open') this.#move('closed');
    else if (!this.#rules.has('calls-count-when-fired')) this.#record(1, 0);
    if (!this.#rules.has('only-failures-trip')) this.#judge();
  }

  #fail(): void {
    this.#record(this.#rules.has('calls-count-when-fired') ? 0 : 1, 1);
    if (this.#state === 'half-open') this.#trip();
    else this.#judge();
  }

  #giveBack(id: number): void {
    if (this.#probe === id) this.#probe = undefined;
  }

  #record(calls: number, failures: number): void {
    this.#window.push({ bucket: Math.floor(this.#nowMs / BUCKET_MS), calls, failures });
  }

  #judge(): void {
    if (this.#state !== 'closed') return;
    const oldest = Math.floor(this.#nowMs / BUCKET_MS) - BUCKETS + 1;
    this.#window = this.#window.filter(({ bucket }) => bucket >= oldest);
    const calls = this.#window.reduce((sum, entry) => sum + entry.calls, 0);
    const failures = this.#window.reduce((sum, entry) => sum + entry.failures, 0);
    if (calls < MINIMUM_CALLS) return;
    const rate = failures / calls;
    const exceeded = this.#rules.has('threshold-must-be-exceeded') ? rate > FAILURE_RATE : rate >= FAILURE_RATE;
    if (exceeded) this.#trip();
  }

  #trip(): void {
    this.#untilMs = this.#nowMs + RESET_MS;
    this.#move('open');
  }

  #move(state: 'closed' | 'open' | 'half-open'): void {
    this.#state = state;
    this.#probe = undefined;
    this.#generation++;
    if (!this.#rules.has('window-outlives-opening')) this.#window = [];
  }

  #open(): void {
    if (this.#rules.has('open-recovers')) {
      if (this.#state !== 'open') this.#trip();
    } else if (!this.#isolated) {
      this.#isolated = true;
      this.#move('closed');
    }
  }

  #close(): void {
    this.#isolated = false;
    if (!this.#rules.has('close-leaves-disabled')) this.#disabled = false;
    this.#move('closed');
  }

  #disable(): void {
    if (!this.#disabled && !this.#isolated && !this.#rules.has('disabled-keeps-state')) this.#move('closed');
    this.#disabled = true;
  }

  #enable(): void {
    if (this.#disabled && !this.#isolated && !this.#rules.has('disabled-keeps-state')) this.#move('closed');
    this.#disabled = false;
  }
}
