import {
  type Context,
  type KeyedCircuitBreakerOptions,
  keyedCircuitBreaker,
  keyedSemaphore,
  StallMonitor,
} from '@breakwater/resilience';
import { VirtualClock } from '@breakwater/resilience/testing';
import { type Probe, ProbeError, type Reading } from '../probes/probe.js';
import type { Target, TargetLimit } from '../targets/target.js';
import { limitsFor } from './target-limits.js';
import { TargetSlots } from './target-slots.js';
import { judgeTurn, type Turn } from './turn.js';
import { TurnRunner } from './turn-runner.js';
import { TurnTimeouts } from './turn-timeouts.js';

/** A reading, so that there is something to find again. */
export const READING: Reading = { measurement: 'm', tags: {}, fields: { value: 1 } };

export function targetOf(
  name: string,
  overrides: { intervalMs?: number; timeoutMs?: number; limit?: TargetLimit } = {},
): Target {
  return {
    name,
    probe: 'tcp',
    host: '127.0.0.1',
    port: 1,
    intervalMs: 10_000,
    timeoutMs: 5_000,
    labels: {},
    ...overrides,
  };
}

/** A probe whose operations the test writes. */
export function probeOf(...runs: Array<(context: Context) => Promise<readonly Reading[]>>): Probe {
  return { kind: 'tcp', operations: runs.map((run, index) => ({ name: `operation-${index}`, run })) };
}

/** An operation that answers after `ms`, or ends when it is told to. */
export function answersAfter(clock: VirtualClock, ms: number) {
  return ({ signal }: Context): Promise<readonly Reading[]> =>
    new Promise((resolve, reject) => {
      const timer = clock.after(ms, () => {
        signal.removeEventListener('abort', leave);
        resolve([READING]);
      });
      const leave = () => {
        timer[Symbol.dispose]();
        reject(new ProbeError('timeout', 'no answer while connecting'));
      };
      signal.addEventListener('abort', leave, { once: true });
    });
}

export const hangs = (clock: VirtualClock) => answersAfter(clock, 2_147_483_647);

export const fails = (code: ConstructorParameters<typeof ProbeError>[0], message: string) => async () => {
  throw new ProbeError(code, message);
};

/** A runner with everything around it, in virtual time. */
export function makeRunner({
  slots: count = 8,
  operations = 50,
  breaker: options = {} as KeyedCircuitBreakerOptions,
} = {}) {
  const clock = new VirtualClock({ nowMs: 1_000 });
  const stalls = new StallMonitor({ clock });
  const slots = new TargetSlots({ slots: count, clock });
  const breaker = keyedCircuitBreaker({
    name: 'targets',
    classify: (outcome) => ('value' in outcome ? judgeTurn(outcome.value as Turn) : 'ignore'),
    clock,
    ...options,
  });
  const operationSlots = keyedSemaphore({ name: 'operations', permits: operations, clock });
  const timeouts = new TurnTimeouts(clock, stalls);
  const limits = limitsFor({ clock });
  const runner = new TurnRunner({ breaker, slots, operations: operationSlots, timeouts, limits, clock, stalls });
  return { clock, stalls, slots, breaker, operationSlots, timeouts, limits, runner };
}
