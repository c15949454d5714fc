import type { Destination } from '../frames/frame.js';

/** A line that a backend refused for good. */
export interface QuarantinedLine {
  /** The frame that held it, and the line's number in it, from 0: its identity. */
  readonly seq: number;
  readonly line: number;
  readonly text: string;
  /** Its bytes, where they are not UTF-8: `text` then stands replacement characters in for some. */
  readonly bytes?: Uint8Array;
  /** What the backend said. */
  readonly words: string;
  readonly destination: Destination;
  readonly acceptedAtMs: number;
  readonly quarantinedAtMs: number;
}

/** Where one lane keeps its quarantined lines, durably, until somebody mends them. */
export interface Quarantine {
  /** Resolves when they are on disk. A line that is there already, by its identity, is not kept twice. */
  add(lines: readonly QuarantinedLine[]): Promise<void>;
  close(): Promise<void>;
}
