import { createHash, timingSafeEqual } from 'node:crypto';
import { Refusal } from './refusal.js';

// A longer header than any token needs is not even looked at.
const LONGEST_HEADER = 8_192;

/** Lets in who carries the token: `Token t`, `Bearer t`, or Basic with it as the password. */
export class TokenCheck {
  readonly #token: Buffer | undefined;

  constructor(token: string | undefined) {
    this.#token = token === undefined ? undefined : digest(token);
  }

  /** @throws Refusal 401 */
  check(header: string | undefined): void {
    if (this.#token === undefined) return;
    const given = header === undefined || header.length > LONGEST_HEADER ? undefined : tokenOf(header);
    if (given !== undefined && timingSafeEqual(digest(given), this.#token)) return;
    const words = given === undefined ? 'this needs the header Authorization: Token <token>' : 'the token is wrong';
    throw new Refusal(401, 'unauthorized', words, { headers: { 'www-authenticate': 'Token, Bearer, Basic' } });
  }
}

function tokenOf(header: string): string | undefined {
  const [, scheme, value] = /^(token|bearer|basic) +([^ ]+) *$/i.exec(header) ?? [];
  if (scheme?.toLowerCase() !== 'basic') return value;
  const pair = Buffer.from(value!, 'base64').toString();
  const colon = pair.indexOf(':');
  return colon === -1 ? undefined : pair.slice(colon + 1);
}

/** Of equal length whatever the token's: the comparison tells nothing about it. */
const digest = (token: string): Buffer => createHash('sha256').update(token).digest();
