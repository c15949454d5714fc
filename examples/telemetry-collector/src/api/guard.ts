import { createHash, timingSafeEqual } from 'node:crypto';
import { Problem } from './problem.js';

/** What the guard looks at. */
export interface GuardedRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

const LOOPBACK_NAME = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether a `HOST` to listen on cannot be reached from other machines. */
export const isLoopback = (host: string): boolean => LOOPBACK_NAME.test(host) || host === '::1';

/**
 * Decides who may do what. With a token, whatever changes something must carry it. Without one the server is reachable
 * from this machine alone, and the guard keeps web pages out that a browser on this machine shows: their requests name
 * a foreign host (DNS rebinding) or come from a foreign origin (cross-site request forgery).
 */
export class Guard {
  readonly #token: Buffer | undefined;

  constructor(token: string | undefined) {
    this.#token = token === undefined ? undefined : digest(token);
  }

  /** @throws Problem 401 or 403 when the request may not be served. */
  check(request: GuardedRequest): void {
    if (this.#token === undefined) this.#checkLocal(request);
    else if (!READING.has(request.method)) this.#checkToken(request, this.#token);
  }

  /** What holds for whoever checks tokens in a way of their own. @throws Problem 403 */
  checkOrigin(request: GuardedRequest): void {
    if (this.#token === undefined) this.#checkLocal(request);
  }

  #checkToken({ headers }: GuardedRequest, token: Buffer): void {
    const header = headers['authorization'];
    const given = typeof header === 'string' ? /^Bearer +([^ ]+) *$/i.exec(header)?.[1] : undefined;
    if (given !== undefined && timingSafeEqual(digest(given), token)) return;
    const what = given === undefined ? 'this needs the header Authorization: Bearer <API_TOKEN>' : 'the token is wrong';
    throw new Problem(401, 'unauthorized', what, { 'www-authenticate': 'Bearer' });
  }

  #checkLocal({ method, headers }: GuardedRequest): void {
    const host = headers['host'];
    if (typeof host !== 'string' || !LOOPBACK_NAME.test(withoutPort(host))) {
      throw new Problem(
        403,
        'forbidden',
        'without API_TOKEN only requests to localhost or a loopback address are served',
      );
    }
    if (READING.has(method)) return;
    const origin = headers['origin'];
    if (origin !== undefined && origin !== `http://${host}`) {
      throw new Problem(403, 'forbidden', 'requests from web pages of other origins are not served');
    }
  }
}

const withoutPort = (host: string): string => host.replace(/:\d{1,5}$/, '');

/** Of equal length whatever the token's: the comparison tells nothing about it. */
const digest = (token: string): Buffer => createHash('sha256').update(token).digest();
