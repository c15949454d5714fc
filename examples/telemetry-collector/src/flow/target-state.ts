import type { Probe } from '../probes/probe.js';
import type { Target } from '../targets/target.js';
import { Durations } from './durations.js';
import type { Scheduled } from './schedule.js';
import { Standing } from './standing.js';
import { TURN_OUTCOMES, type Turn, type TurnOutcome } from './turn.js';
import { summarise } from './value.js';

/** What is kept of a turn: its readings may be many, so only their gist. */
export interface TurnRecord extends Omit<Turn, 'target' | 'readings'> {
  /** In short what was measured; undefined when nothing was. */
  readonly value: string | undefined;
}

/** What is remembered of a target from turn to turn. It is what the schedule holds. */
export class TargetState implements Scheduled {
  readonly target: Target;
  readonly probe: Probe;
  readonly standing: Standing = new Standing();
  /** A probe of it runs: set until the probe has settled, which may be after its turn was answered. */
  running = false;
  /** The turn that is under way, for whoever wants to know how it ends. */
  turn: Promise<Turn> | undefined;
  /** Its latest turn, whether it ran or was refused. */
  last: TurnRecord | undefined;
  /** Its latest turn that ran. */
  lastRun: TurnRecord | undefined;
  readonly #durations = new Durations();
  readonly #counts: Record<TurnOutcome, number>;
  // Kept, since a scrape asks every target at once.
  #p95Ms: number | undefined;

  constructor(target: Target, probe: Probe) {
    this.target = target;
    this.probe = probe;
    this.#counts = Object.fromEntries(TURN_OUTCOMES.map((outcome) => [outcome, 0])) as Record<TurnOutcome, number>;
  }

  get name(): string {
    return this.target.name;
  }

  /** Whole milliseconds, as the instants of its turns are. */
  get intervalMs(): number {
    return Math.max(1, Math.round(this.target.intervalMs));
  }

  /** Turns by outcome. */
  get counts(): Readonly<Record<TurnOutcome, number>> {
    return this.#counts;
  }

  /** The 95th percentile of its latest runs' durations, in milliseconds; undefined before the first. */
  get p95Ms(): number | undefined {
    return this.#p95Ms;
  }

  /** Turns that passed while nobody could take them. */
  miss(turns: number): void {
    this.#counts.missed += turns;
  }

  record(turn: Turn): void {
    this.#counts[turn.outcome]++;
    if (turn.outcome === 'overlap' || turn.outcome === 'missed') return;
    const { target: _target, readings, ...kept } = turn;
    this.last = { ...kept, value: summarise(readings) };
    if (turn.durationMs === undefined) return;
    this.lastRun = this.last;
    this.#durations.add(turn.durationMs);
    this.#p95Ms = this.#durations.quantile(0.95);
    this.standing.ended(turn);
  }
}
