import { errors } from 'undici';
import { RejectedError } from '../../core/errors.js';
import type { DialStage } from '../connect/dial.js';
import type { ConnectErrorReason } from './metrics.js';

const BY_CODE: Readonly<Record<string, ConnectErrorReason>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
};

/** Why a socket could not be opened, in one of few words. */
export function connectErrorReason(error: unknown, stage: DialStage): ConnectErrorReason {
  if (error instanceof errors.ConnectTimeoutError) return 'timeout';
  if (stage === 'lookup') return error instanceof RejectedError ? 'other' : 'dns';
  const { code } = error as { code?: unknown };
  const known = typeof code === 'string' && Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
  return known ?? (stage === 'tls' ? 'tls' : 'other');
}
