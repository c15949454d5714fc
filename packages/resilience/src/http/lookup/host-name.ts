import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import type { Address } from './name-lookup.js';

const LONGEST_NAME = 253;
const LONGEST_LABEL = 63;
const ASCII_NAME = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?$/;

/** The address that an IP literal stands for, brackets or not. */
export function literalAddress(hostname: string): Address | undefined {
  const bare = hostname.startsWith('[') && hostname.endsWith(']') ? hostname.slice(1, -1) : hostname;
  const family = isIP(bare) as 0 | 4 | 6;
  return family === 0 ? undefined : { address: bare, family };
}

/** The name as a name server knows it (lower case, Punycode), or undefined where it cannot be a host's name. */
export function canonicalName(hostname: string): string | undefined {
  // Bounded before anything looks at it more than once.
  if (hostname.length > LONGEST_NAME + 1) return undefined;
  const name = isAscii(hostname) ? hostname.toLowerCase() : domainToASCII(hostname);
  if (!ASCII_NAME.test(name) || name.length > LONGEST_NAME + (name.endsWith('.') ? 1 : 0)) return undefined;
  return name.split('.').some((label) => label.length > LONGEST_LABEL) ? undefined : name;
}

/** Whether the name is `localhost` or below it, which is this machine whatever a name server says (RFC 6761). */
export const isLocalhost = (name: string): boolean => /^(?:.*\.)?localhost$/.test(name);

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is what ASCII means
const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);
