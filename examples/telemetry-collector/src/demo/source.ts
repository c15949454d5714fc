import type { CircuitBreakerEnvironment, Environment } from '@breakwater/resilience';
import type { TargetChanges } from '../targets/changes.js';
import { type Demo, startDemo } from './demo.js';

/** Circuits that open and close again while somebody watches. */
const QUICK: CircuitBreakerEnvironment = { failureThreshold: 3, recoveryTimeoutMs: 3_000, successThreshold: 2 };

/** The demo's circuit settings; undefined where the environment has an opinion. */
export function demoCircuit(env: Environment): CircuitBreakerEnvironment | undefined {
  return Object.keys(env).some((name) => name.startsWith('CIRCUIT_')) ? undefined : QUICK;
}

/** The demo as a source of targets: they never change. */
export class DemoSource {
  #demo: Demo | undefined;

  async start(changed: (changes: TargetChanges) => void): Promise<void> {
    this.#demo = await startDemo();
    changed({ added: [...this.#demo.targets.values()], changed: [], removed: [] });
  }

  measure(): void {}

  async close(): Promise<void> {
    await this.#demo?.[Symbol.asyncDispose]();
  }
}
