import type { CircuitState } from '../core/events.js';
import type { CircuitOwner } from './circuit.js';
import { Closed } from './closed.js';
import { KeyedCircuit } from './keyed-circuit.js';

/**
 * The circuits of a keyed breaker, `maxKeys` at most. To make room the closed one that was touched longest ago goes; one
 * that is not closed never does. Each step is O(1): the closed ones are a list, and the others are not in it.
 */
export class CircuitTable {
  readonly #owner: CircuitOwner;
  readonly #maxKeys: number;
  readonly #circuits = new Map<string, KeyedCircuit>();
  readonly #counts: Record<CircuitState, number> = { closed: 0, open: 0, 'half-open': 0, isolated: 0, disabled: 0 };
  #oldest: KeyedCircuit | undefined;
  #newest: KeyedCircuit | undefined;

  constructor(owner: CircuitOwner, maxKeys: number) {
    this.#owner = owner;
    this.#maxKeys = maxKeys;
  }

  get counts(): Readonly<Record<CircuitState, number>> {
    return this.#counts;
  }

  get(key: string): KeyedCircuit | undefined {
    return this.#circuits.get(key);
  }

  [Symbol.iterator](): IterableIterator<KeyedCircuit> {
    return this.#circuits.values();
  }

  get full(): boolean {
    return this.#circuits.size >= this.#maxKeys;
  }

  /** The closed circuit that was touched longest ago. */
  get oldestClosed(): KeyedCircuit | undefined {
    return this.#oldest;
  }

  /** A new circuit for a key that has none. */
  add(key: string): KeyedCircuit {
    const circuit = new KeyedCircuit(this.#owner, key);
    this.#circuits.set(key, circuit);
    this.#counts.closed++;
    this.#append(circuit);
    return circuit;
  }

  /** Forgets a closed circuit, unless that has happened already. */
  drop(circuit: KeyedCircuit): void {
    if (this.#circuits.get(circuit.key) !== circuit) return;
    this.#circuits.delete(circuit.key);
    this.#counts.closed--;
    this.#unlink(circuit);
  }

  /** Makes a closed circuit the last to go. */
  touch(circuit: KeyedCircuit): void {
    if (circuit === this.#newest || !(circuit.state instanceof Closed)) return;
    this.#unlink(circuit);
    this.#append(circuit);
  }

  /** Follows a circuit into another state. */
  moved(circuit: KeyedCircuit, from: CircuitState, to: CircuitState): void {
    if (from === to) return;
    this.#counts[from]--;
    this.#counts[to]++;
    if (from === 'closed') this.#unlink(circuit);
    if (to === 'closed') this.#append(circuit);
  }

  #append(circuit: KeyedCircuit): void {
    circuit.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = circuit;
    else this.#newest.newer = circuit;
    this.#newest = circuit;
  }

  #unlink(circuit: KeyedCircuit): void {
    if (circuit.older === undefined) this.#oldest = circuit.newer;
    else circuit.older.newer = circuit.newer;
    if (circuit.newer === undefined) this.#newest = circuit.older;
    else circuit.newer.older = circuit.older;
    circuit.older = undefined;
    circuit.newer = undefined;
  }
}
