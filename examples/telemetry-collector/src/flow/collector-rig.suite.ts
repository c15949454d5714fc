import type { Context, KeyedCircuitBreakerOptions } from '@breakwater/resilience';
import type { Probe } from '../probes/probe.js';
import type { Sink } from '../sinks/sink.js';
import type { Target } from '../targets/target.js';
import { Collector } from './collector.js';
import type { LossReason } from './loss.js';
import { makeRunner } from './rig.suite.js';
import { Samples } from './samples.js';
import type { Turn } from './turn.js';
import { TurnAccount } from './turn-account.js';

/** A sink in memory, which can be told to fail or to hang. */
export class MemorySink implements Sink {
  readonly name = 'memory';
  readonly lines: string[] = [];
  behaviour: (context: Context) => Promise<void> = async () => {};

  async write(lines: readonly string[], context: Context): Promise<void> {
    await this.behaviour(context);
    this.lines.push(...lines);
  }

  async close(): Promise<void> {}

  measure(): void {}
}

/** One line for each reading, and one for the turn. */
const toLines = (turn: Turn): string[] => [
  ...turn.readings.map(() => `${turn.target.name} reading ${turn.instantMs}`),
  `${turn.target.name} ${turn.outcome} ${turn.instantMs}`,
];

export interface RigOptions {
  slots?: number;
  breaker?: KeyedCircuitBreakerOptions;
  maxPendingLines?: number;
  createProbe: (target: Target) => Probe;
  holds?: () => boolean;
  onTakenUp?: (name: string) => void;
}

/** A collector with everything around it, in virtual time. */
export function makeCollector({
  slots = 8,
  breaker = {},
  maxPendingLines = 1_000_000,
  createProbe,
  holds,
  onTakenUp,
}: RigOptions) {
  const rig = makeRunner({ slots, breaker });
  const sink = new MemorySink();
  const losses: Array<{ reason: LossReason; lines: number; error: unknown }> = [];
  const onLoss = (reason: LossReason, lines: number, error: unknown) => void losses.push({ reason, lines, error });
  const samples = new Samples({ sink, batchSize: 5, workers: 10, maxPendingLines, onLoss, clock: rig.clock });
  const account = new TurnAccount();
  const lines: { fail: Error | undefined } = { fail: undefined };
  const collector = new Collector({
    createProbe,
    runner: rig.runner,
    breaker: rig.breaker,
    samples,
    account,
    toLines: (turn) => {
      if (lines.fail !== undefined) throw lines.fail;
      return toLines(turn);
    },
    clock: rig.clock,
    ...(holds !== undefined && { holds }),
    ...(onTakenUp !== undefined && { onTakenUp }),
  });
  return { ...rig, lines, sink, losses, samples, account, collector };
}
