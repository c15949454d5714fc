import type { Open } from './open.js';
import type { CircuitSettings } from './settings.js';
import { type Ending, type Refusal, State } from './state.js';

/**
 * A few calls run as probes: enough successes close the circuit, one failure reopens it. When every slot is taken and
 * none came free for `probeTimeoutMs`, the probes count as failed: what hangs must not hold the circuit.
 */
export class HalfOpen extends State {
  /** The state that this one tries to end. */
  readonly open: Open;
  readonly #settings: CircuitSettings;
  readonly #allowed: () => number;
  #probes = 0;
  #successes = 0;
  #lastAdmittedMs = 0;

  /** @param allowed how many probes may run at once, whatever the settings say */
  constructor(settings: CircuitSettings, open: Open, allowed: () => number = () => Number.POSITIVE_INFINITY) {
    super();
    this.#settings = settings;
    this.#allowed = allowed;
    this.open = open;
  }

  override get name(): 'half-open' {
    return 'half-open';
  }

  override get timesStart(): boolean {
    return true;
  }

  override get timesSuccess(): boolean {
    return true;
  }

  override due(nowMs: number): Ending | undefined {
    const stuck = this.#probes > 0 && this.#full && nowMs - this.#lastAdmittedMs >= this.#settings.probeTimeoutMs;
    return stuck ? 'probe-timeout' : undefined;
  }

  override admit(nowMs: number): Refusal | undefined {
    if (this.#full) return 'probing';
    this.#probes++;
    this.#lastAdmittedMs = nowMs;
    return undefined;
  }

  /** A probe that the slow-call rule would mind is no sign of recovery. */
  override success(_nowMs: number, slow: boolean): Ending | undefined {
    if (slow) return 'probe-slow';
    return ++this.#successes >= this.#settings.successThreshold ? 'recovered' : undefined;
  }

  override failure(): Ending {
    return 'probe-failed';
  }

  override giveBack(): void {
    this.#probes--;
  }

  get #full(): boolean {
    return this.#probes >= Math.min(this.#settings.maxProbes, this.#allowed());
  }
}
