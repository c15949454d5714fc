import { isIPv6 } from 'node:net';

/** Host and port as one word, for messages. */
export const authority = (host: string, port: number): string =>
  isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
