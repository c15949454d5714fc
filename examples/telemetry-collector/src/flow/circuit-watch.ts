import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { RESILIENCE_CHANNEL, type ResilienceEvent } from '@breakwater/resilience';

export type CircuitMove = Extract<ResilienceEvent, { type: 'circuit_breaker.state' }> & { key: string };

/** How often a target's circuit opened and closed again. */
export interface CircuitHistory {
  readonly opened: number;
  readonly closed: number;
}

const NEVER: CircuitHistory = { opened: 0, closed: 0 };

/** Listens to what the targets' breaker says as it happens. */
export class CircuitWatch {
  readonly #policy: string;
  readonly #moved: (move: CircuitMove) => void;
  readonly #histories = new Map<string, CircuitHistory>();

  constructor(policy: string, moved: (move: CircuitMove) => void) {
    this.#policy = policy;
    this.#moved = moved;
    subscribe(RESILIENCE_CHANNEL, this.#hear);
  }

  historyOf(target: string): CircuitHistory {
    return this.#histories.get(target) ?? NEVER;
  }

  /** The target is gone from the targets file. */
  forget(target: string): void {
    this.#histories.delete(target);
  }

  close(): void {
    unsubscribe(RESILIENCE_CHANNEL, this.#hear);
  }

  readonly #hear = (message: unknown): void => {
    const event = message as ResilienceEvent;
    if (event.type !== 'circuit_breaker.state' || event.policy !== this.#policy || event.key === undefined) return;
    const { opened, closed } = this.historyOf(event.key);
    // A half-open circuit that opens again was open all along.
    const opens = event.to === 'open' && event.from === 'closed';
    this.#histories.set(event.key, {
      opened: opened + (opens ? 1 : 0),
      closed: closed + (event.to === 'closed' ? 1 : 0),
    });
    this.#moved(event as CircuitMove);
  };
}
