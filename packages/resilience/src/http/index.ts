export { type ConnectSocketOptions, connectSocket } from './connect/connect-socket.js';
export type { Connected, ConnectPhases, TlsOptions } from './connect/dial.js';
export { nameLookupFromEnv } from './lookup/from-env.js';
export type { Address, LookupOptions, NameLookup } from './lookup/name-lookup.js';
export { NameLookupError, type NameLookupErrorCode } from './lookup/name-lookup-error.js';
export { type NameLookupOptions, nameLookup, type SystemLookup } from './lookup/system-lookup.js';
