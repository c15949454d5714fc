import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

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

/** What a pool notes on the context of a request. */
export interface PhasesContext {
  phases: RequestPhases;
  socket: Socket | undefined;
}

export const NOT_SENT: RequestPhases = { waitedMs: 0, reused: false, lookupMs: 0, tcpMs: 0, tlsMs: 0 };

/** Reads the phases off the `context` of an answer: `requestPhases((await request(url, { dispatcher: pool })).context)`. */
export function requestPhases(context: unknown): RequestPhases | undefined {
  return pooled(context)?.phases;
}

/**
 * The socket that carries a request: whose certificate, which address. Undefined while the request waits for one. It stays
 * the pool's: look at it, change nothing, and do not keep it.
 */
export function requestSocket(context: unknown): Socket | TLSSocket | undefined {
  return pooled(context)?.socket;
}

function pooled(context: unknown): PhasesContext | undefined {
  if (typeof context !== 'object' || context === null || !('pooled' in context)) return undefined;
  return (context as { pooled: PhasesContext }).pooled;
}
