import { AuthProtocols, PrivProtocols, SecurityLevel, type User } from 'net-snmp';
import type { SnmpCredentials } from '../../targets/target.js';

/** What opens an agent, in net-snmp's form. It holds secrets: made for one run, never kept, logged or put into an error. */
export type Access = { readonly community: string } | { readonly user: User; readonly context: string };

export function toAccess(credentials: SnmpCredentials): Access {
  if (credentials.version === '2c') return { community: credentials.community.reveal() };
  const { user, context = '', auth, priv } = credentials;
  return {
    context,
    user: {
      name: user,
      level: SecurityLevel.authPriv,
      authProtocol: AuthProtocols[auth.protocol],
      authKey: auth.key.reveal(),
      privProtocol: PrivProtocols[priv.protocol],
      privKey: priv.key.reveal(),
    },
  };
}
