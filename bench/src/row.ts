/** One line of the table: what ours costs beside what a peer costs for the same work. */
export interface Row {
  readonly name: string;
  /** What was measured, in the unit of `unit`. For rows of bytes or probes the numbers are those. */
  readonly oursNs: number;
  readonly peer: string;
  readonly peerNs: number;
  /** ours / peer. */
  readonly ratio: number;
}

/** What a row is to reach, and in which unit its numbers are. */
export interface Goal {
  readonly name: string;
  readonly peer: string;
  readonly unit: 'ns' | 'bytes' | 'probes/CPU s';
  /** The ratio is to be at most this; undefined: it is reported only. */
  readonly atMost?: number;
}

export const GOALS: readonly Goal[] = [
  { name: 'pipeline', peer: 'cockatiel', unit: 'ns', atMost: 0.1 },
  { name: 'pipeline-signal', peer: 'cockatiel', unit: 'ns', atMost: 0.5 },
  { name: 'breaker-closed', peer: 'opossum', unit: 'ns', atMost: 0.4 },
  { name: 'breaker-closed', peer: 'cockatiel', unit: 'ns', atMost: 1 },
  { name: 'breaker-failure-100k', peer: 'opossum', unit: 'ns', atMost: 0.001 },
  { name: 'breaker-failure-100k', peer: 'self', unit: 'ns', atMost: 3 },
  { name: 'keyed-memory', peer: 'opossum', unit: 'bytes', atMost: 0.03 },
  { name: 'keyed-memory-failing', peer: 'opossum', unit: 'bytes', atMost: 0.1 },
  { name: 'semaphore', peer: 'async-sema', unit: 'ns', atMost: 1 },
  { name: 'semaphore', peer: 'p-limit', unit: 'ns', atMost: 0.6 },
  { name: 'semaphore', peer: 'bottleneck', unit: 'ns', atMost: 0.001 },
  { name: 'batch-item', peer: 'bottleneck', unit: 'ns', atMost: 1 },
  { name: 'probe-http', peer: 'blackbox_exporter', unit: 'probes/CPU s' },
];

export function row(name: string, peer: string, measured: { oursNs: number; peerNs: number }): Row {
  return { name, oursNs: measured.oursNs, peer, peerNs: measured.peerNs, ratio: measured.oursNs / measured.peerNs };
}
