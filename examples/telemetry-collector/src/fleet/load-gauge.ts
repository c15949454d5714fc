import type { Load } from '@breakwater/fleet';
import type { Clock } from '@breakwater/resilience';
import type { Usage } from '../process/usage.js';

/** What a collector measures of itself anyway. */
export interface LoadSources {
  usage(): Usage;
  loopLagMs(): number;
  /** Turns that run or wait for a slot. */
  turnsUnderWay(): number;
  /** Points that it took in so far, polled or written to it. */
  points(): number;
  /** Of the turns of the last minute. */
  p95Ms(): number | undefined;
  /** Lines that wait for the sink. */
  linesPending(): number;
  /** How far the lane that is furthest behind is; 0 without lanes. */
  laneLagMs(): number;
  /** Targets that it polls. */
  targets(): number;
}

/** A shorter while than this says little about points a second. */
const SHORTEST_MS = 1_000;

/** What the collector's heartbeats say of it. Consumer lag is in seconds, of the slowest backend. */
export class LoadGauge {
  readonly #clock: Clock;
  readonly #sources: LoadSources;
  #sinceMs: number;
  #points: number;
  #throughput = 0;

  constructor(clock: Clock, sources: LoadSources) {
    this.#clock = clock;
    this.#sources = sources;
    this.#sinceMs = clock.now();
    this.#points = sources.points();
  }

  /** As it is now; the throughput is that since it was last asked. */
  read(): Load {
    const sources = this.#sources;
    const p95Ms = sources.p95Ms();
    return {
      ...sources.usage(),
      eventLoopLagMs: sources.loopLagMs(),
      activeConnections: sources.turnsUnderWay(),
      throughput: this.#measureThroughput(),
      ...(p95Ms !== undefined && { p95Ms }),
      queueDepth: sources.linesPending(),
      consumerLag: sources.laneLagMs() / 1_000,
      more: { targets: sources.targets() },
    };
  }

  #measureThroughput(): number {
    const passedMs = this.#clock.now() - this.#sinceMs;
    if (passedMs < SHORTEST_MS) return this.#throughput;
    const points = this.#sources.points();
    this.#throughput = ((points - this.#points) / passedMs) * 1_000;
    this.#points = points;
    this.#sinceMs += passedMs;
    return this.#throughput;
  }
}
