/** What a command may use of its process. */
export interface Io {
  /** What was asked for. Resolves when there is room for more. */
  readonly print: (text: string | Uint8Array) => Promise<void>;
  /** What goes on, and what went wrong; for people. */
  readonly say: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the process is asked to end. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
