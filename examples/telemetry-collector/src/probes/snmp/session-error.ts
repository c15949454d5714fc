import { ErrorStatus, RequestFailedError, ResponseInvalidCode, ResponseInvalidError } from 'net-snmp';
import { ProbeError } from '../probe.js';

/** Statuses by which an agent says that this user may not see what was asked for (RFC 3416). */
const FORBIDDEN: ReadonlySet<number> = new Set([ErrorStatus.NoAccess, ErrorStatus.AuthorizationError]);

/** The agent's answer did not fit into a message: ask for less. */
export class TooBigError extends Error {
  override readonly name = 'TooBigError';
}

/**
 * What net-snmp says, in a probe's terms. Its own errors go no further, not even as a cause: one for a wrong key carries
 * the user with both pass phrases. What is not net-snmp's stays as it is.
 */
export function toSnmpError(error: Error, host: string): Error {
  if (error.name === 'RequestTimedOutError') return silent(host);
  if (error instanceof RequestFailedError) return refused(error, host);
  if (error instanceof ResponseInvalidError) return invalid(error, host);
  return error;
}

/** An agent does not answer a community that it does not know. */
const silent = (host: string): ProbeError =>
  new ProbeError('timeout', `${host}: its SNMP agent does not answer; check that it runs, and the community or user`);

function refused(error: RequestFailedError, host: string): Error {
  if (error.status === ErrorStatus.TooBig) return new TooBigError(`${host}: its answer does not fit into a message`);
  const status = `${host}: its SNMP agent answered with the error ${error.message}`;
  return FORBIDDEN.has(error.status)
    ? new ProbeError('auth', `${status}; check what the community or user may see`)
    : new ProbeError('failed', `${status}; see its logs`);
}

function invalid(error: ResponseInvalidError, host: string): ProbeError {
  switch (error.code) {
    case ResponseInvalidCode.EAuthFailure:
    case ResponseInvalidCode.ECouldNotDecrypt: {
      // With `info` the message compares digests; without, it is what the agent reported, such as "Unknown User Name".
      const report = error.info === undefined ? ` (${error.message})` : '';
      return new ProbeError('auth', `${host}: the SNMP user or its keys do not match the agent's${report}; check them`);
    }
    default:
      return new ProbeError('malformed', `${host}: its SNMP agent answered out of protocol (${error.message})`);
  }
}
