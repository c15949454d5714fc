import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { Clock } from '@breakwater/resilience';

/** What a process may use of its machine, and what it has used. */
export interface ProcessEdges {
  /** Cores' worth of time. */
  readonly cores: number;
  readonly memoryBytes: number;
  cpuMs(): number;
  residentBytes(): number;
}

/** Both between 0 and 1, but for moments in which the system grants more than it promised. */
export interface Usage {
  readonly cpu: number;
  readonly memory: number;
}

/** A shorter while than this says little about the CPU. */
const SHORTEST_MS = 1_000;

/** How much the process takes of what it may: of the cores and the memory of its container, where it is in one. */
export class ProcessUsage {
  readonly #clock: Clock;
  readonly #edges: ProcessEdges;
  #sinceMs: number;
  #usedMs: number;
  #cpu = 0;

  constructor(clock: Clock, edges: ProcessEdges = thisProcess()) {
    this.#clock = clock;
    this.#edges = edges;
    this.#sinceMs = clock.now();
    this.#usedMs = edges.cpuMs();
  }

  /** The CPU since it was last asked, the memory at present. */
  read(): Usage {
    const { cores, memoryBytes, cpuMs, residentBytes } = this.#edges;
    const passedMs = this.#clock.now() - this.#sinceMs;
    if (passedMs >= SHORTEST_MS) {
      const usedMs = cpuMs();
      this.#cpu = (usedMs - this.#usedMs) / (passedMs * cores);
      this.#usedMs = usedMs;
      this.#sinceMs += passedMs;
    }
    return { cpu: this.#cpu, memory: residentBytes() / memoryBytes };
  }
}

function thisProcess(): ProcessEdges {
  // 0 or beyond the machine's: not limited.
  const limit = process.constrainedMemory();
  const total = totalmem();
  return {
    cores: Math.min(availableParallelism(), cpuQuota(readLimit) ?? Number.POSITIVE_INFINITY),
    memoryBytes: limit > 0 && limit < total ? limit : total,
    cpuMs: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    },
    residentBytes: () => process.memoryUsage.rss(),
  };
}

/** The cores' worth of time that a container is limited to, by version 2 or 1 of control groups. Undefined: by neither. */
export function cpuQuota(read: (file: string) => string | undefined): number | undefined {
  const two = /^(\d+) (\d+)$/.exec(read('/sys/fs/cgroup/cpu.max')?.trim() ?? '');
  const [quota, period] =
    two === null
      ? [read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'), read('/sys/fs/cgroup/cpu/cpu.cfs_period_us')].map(Number)
      : [Number(two[1]), Number(two[2])];
  return quota! > 0 && period! > 0 ? quota! / period! : undefined;
}

/** Not there, or not for us to read: no limit is known. */
function readLimit(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
