/** Time that all cores together spent in each state since the machine started, in a unit that does not matter. */
export type CpuTimes = Readonly<Partial<Record<CpuState, number>>>;
export type CpuState = 'user' | 'nice' | 'system' | 'idle' | 'iowait' | 'irq' | 'softirq' | 'steal';

/** In bytes. */
export interface Memory {
  readonly total: number;
  /** What programs can still get without swapping. */
  readonly available: number;
  readonly swapTotal?: number;
  readonly swapFree?: number;
}

/** Counters of a network interface since it came up. */
export interface InterfaceCounters {
  readonly name: string;
  readonly counters: Readonly<Record<InterfaceCounter, bigint>>;
}
export type InterfaceCounter =
  | 'receive_bytes'
  | 'receive_packets'
  | 'receive_errors'
  | 'receive_drops'
  | 'transmit_bytes'
  | 'transmit_packets'
  | 'transmit_errors'
  | 'transmit_drops';

/** What a machine shows of itself at one instant. */
export interface Machine {
  readonly cores: number;
  readonly cpu: CpuTimes;
  readonly memory: Memory;
  /** Over 1, 5 and 15 minutes; zeros on Windows. */
  readonly load: readonly number[];
  readonly uptimeSeconds: number;
  /** None where the system does not tell. */
  readonly interfaces: readonly InterfaceCounters[];
}
