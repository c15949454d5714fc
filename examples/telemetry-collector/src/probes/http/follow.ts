import type { TargetHeaders } from '../../targets/target.js';
import { ProbeError } from '../probe.js';
import type { RunLimit } from '../run-limit.js';
import { type Exchange, type ExchangeEdges, type ExchangeOptions, exchange } from './exchange.js';

export interface FollowOptions extends Omit<ExchangeOptions, 'url' | 'headers'> {
  readonly url: URL;
  /** Sent to the target's own origin and to no other: any of them may be a secret. */
  readonly headers: TargetHeaders;
  readonly accept: string;
  readonly maxRedirects: number;
  /** Statuses that are the answer, though they redirect. */
  readonly isExpected: (status: number) => boolean;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const USER_AGENT = 'breakwater-telemetry-collector';

/** Requests a page and follows its redirects. All exchanges, in order: the last has the answer. */
export async function follow(edges: ExchangeEdges, options: FollowOptions, limit: RunLimit): Promise<Exchange[]> {
  const exchanges: Exchange[] = [];
  for (let url: URL | undefined = options.url; url !== undefined; ) {
    if (exchanges.length > options.maxRedirects) throw looping(options);
    const answer: Exchange = await exchange(edges, { ...options, url, headers: headersFor(url, options) }, limit);
    exchanges.push(answer);
    url = redirectOf(answer, url, options);
  }
  return exchanges;
}

/** Where an answer sends us; undefined when it is the last one. */
function redirectOf({ status, headers }: Exchange, url: URL, options: FollowOptions): URL | undefined {
  const { location } = headers;
  if (!REDIRECTS.has(status) || location === undefined) return undefined;
  if (options.maxRedirects === 0 || options.isExpected(status)) return undefined;
  const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  if (next?.protocol === 'http:' || next?.protocol === 'https:') return next;
  const message = `${url.host}: it redirects to something that is no HTTP URL; check its configuration`;
  throw new ProbeError('malformed', message);
}

const looping = ({ url, maxRedirects }: FollowOptions): ProbeError =>
  new ProbeError('redirect-loop', `${url.host}: more than ${maxRedirects} redirects; check where it sends us`);

function headersFor(url: URL, { url: own, headers, accept }: FollowOptions): Record<string, string> {
  const sent: Record<string, string> = { accept, 'accept-encoding': 'identity', 'user-agent': USER_AGENT };
  if (url.origin === own.origin) for (const [name, secret] of Object.entries(headers)) sent[name] = secret.reveal();
  return sent;
}
