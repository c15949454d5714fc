import { inspect } from 'node:util';
import { ErrorStatus, RequestFailedError, ResponseInvalidCode, ResponseInvalidError } from 'net-snmp';
import { describe, expect, it } from 'vitest';
import { ProbeError } from '../probe.js';
import { TooBigError, toSnmpError } from './session-error.js';

const timedOut = Object.assign(new Error('Request timed out'), { name: 'RequestTimedOutError' });

describe('toSnmpError', () => {
  it.each([
    ['timeout', timedOut],
    ['failed', new RequestFailedError('GeneralError', ErrorStatus.GeneralError)],
    ['auth', new RequestFailedError('NoAccess', ErrorStatus.NoAccess)],
    ['auth', new RequestFailedError('AuthorizationError', ErrorStatus.AuthorizationError)],
    ['auth', new ResponseInvalidError('Unknown User Name', ResponseInvalidCode.EAuthFailure)],
    ['auth', new ResponseInvalidError('Failed to decrypt PDU', ResponseInvalidCode.ECouldNotDecrypt)],
    ['malformed', new ResponseInvalidError('Version mismatch', ResponseInvalidCode.EVersionNoMatch)],
    ['malformed', new ResponseInvalidError('Unexpected Report PDU', ResponseInvalidCode.EUnexpectedReport)],
  ])('makes %s of %s', (code, error) => {
    const made = toSnmpError(error, 'sw1:161');
    expect(made).toBeInstanceOf(ProbeError);
    expect(made).toMatchObject({ code, message: expect.stringMatching(/^sw1:161: .+/) });
  });

  it('asks for smaller messages when an answer is too big', () => {
    expect(toSnmpError(new RequestFailedError('TooBig', ErrorStatus.TooBig), 'sw1:161')).toBeInstanceOf(TooBigError);
  });

  it('leaves errors of the socket as they are', () => {
    const error = Object.assign(new Error('recvmsg ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(toSnmpError(error, 'sw1:161')).toBe(error);
  });

  it('passes on no pass phrase, although net-snmp puts both into its error', () => {
    const user = { name: 'telemetry', authKey: 'an-auth-pass-phrase', privKey: 'a-priv-pass-phrase' };
    const error = new ResponseInvalidError('digest 00ff does not match', ResponseInvalidCode.EAuthFailure, { user });
    const told = inspect(toSnmpError(error, 'sw1:161'), { depth: 10, showHidden: true });
    expect(told).toContain('the SNMP user or its keys do not match');
    expect(told).not.toMatch(/pass-phrase|00ff/);
  });
});
