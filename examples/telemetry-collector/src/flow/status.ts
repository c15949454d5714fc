import type { CircuitState } from '@breakwater/resilience';
import type { TargetCondition } from '../metrics.js';
import type { TargetState, TurnRecord } from './target-state.js';
import type { TurnError, TurnOutcome } from './turn.js';

/** What `/targets` and the table show of a target. Times are ISO 8601, durations milliseconds. */
export interface TargetStatus {
  readonly name: string;
  readonly probe: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly state: TargetCondition;
  readonly circuit: CircuitState;
  /** Its last run took more than a second, or hung. */
  readonly slow: boolean;
  readonly running: boolean;
  readonly nextTurn: string | null;
  /** Its latest turn, whether it ran or was refused; turns that were missed are only counted. */
  readonly last: LastTurn | null;
  /** Its latest turn that ran. */
  readonly lastRun: LastTurn | null;
  /** Of its latest 32 runs; null before the first. */
  readonly p95Ms: number | null;
  /** How its turns ended since the start or since its entry in the targets file changed. */
  readonly turns: Readonly<Record<TurnOutcome, number>>;
}

export interface LastTurn {
  readonly at: string;
  readonly outcome: TurnOutcome;
  readonly delayMs: number;
  readonly durationMs: number | null;
  /** How long the event loop stood still meanwhile. */
  readonly stalledMs: number;
  /** In short what was measured; null when nothing was. */
  readonly value: string | null;
  readonly error: TurnError | null;
}

export function statusOf(state: TargetState, circuit: CircuitState, nextMs: number | undefined): TargetStatus {
  const { target } = state;
  return {
    name: target.name,
    probe: target.probe,
    labels: target.labels,
    intervalMs: target.intervalMs,
    timeoutMs: target.timeoutMs,
    state: conditionOf(state, circuit),
    circuit,
    slow: state.standing.pace !== 'prompt',
    running: state.running,
    nextTurn: nextMs === undefined ? null : new Date(nextMs).toISOString(),
    last: lastTurn(state.last),
    lastRun: lastTurn(state.lastRun),
    p95Ms: round(state.p95Ms),
    turns: state.counts,
  };
}

/** A target's state in one word. */
export function conditionOf({ last }: TargetState, circuit: CircuitState): TargetCondition {
  if (circuit === 'open' || circuit === 'isolated') return 'open';
  if (last === undefined) return 'waiting';
  return last.outcome === 'up' || last.outcome === 'partial' ? 'up' : 'failing';
}

function lastTurn(turn: TurnRecord | undefined): LastTurn | null {
  if (turn === undefined) return null;
  return {
    at: new Date(turn.instantMs).toISOString(),
    outcome: turn.outcome,
    delayMs: turn.delayMs,
    durationMs: round(turn.durationMs),
    stalledMs: Math.round(turn.stalledMs),
    value: turn.value ?? null,
    error: turn.error ?? null,
  };
}

const round = (ms: number | undefined): number | null => (ms === undefined ? null : Math.round(ms * 100) / 100);
