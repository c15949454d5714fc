/** Where the time of one request went before it was sent. Complete once its answer begins. */
export interface RequestPhases {
  /** Waited for a socket that another request held, or for one to be opened; in milliseconds. */
  readonly waitedMs: number;
  /** Whether the socket had served before. */
  readonly reused: boolean;
  /** How long look-up, TCP and TLS handshake of its socket took, in milliseconds; 0 where it was reused. */
  readonly lookupMs: number;
  readonly tcpMs: number;
  readonly tlsMs: number;
}

/** @internal */
export interface PhasesContext {
  phases: RequestPhases;
}

export const NOT_SENT: RequestPhases = { waitedMs: 0, reused: false, lookupMs: 0, tcpMs: 0, tlsMs: 0 };

/** Reads the phases off the `context` of an answer: `requestPhases((await request(url, { dispatcher: pool })).context)`. */
export function requestPhases(context: unknown): RequestPhases | undefined {
  if (typeof context !== 'object' || context === null || !('pooled' in context)) return undefined;
  return (context as { pooled: PhasesContext }).pooled.phases;
}
