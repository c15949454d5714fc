import { Resolver } from 'node:dns/promises';
import type { DnsTarget, DnsType } from '../targets/target.js';
import { authority } from './authority.js';
import { reverseName } from './dns/reverse-name.js';
import type { ProbeEdges } from './edges.js';
import { toMicroseconds } from './microseconds.js';
import { type Probe, ProbeError, type ProbeErrorCode, type ProbeOperation, type Reading } from './probe.js';
import { type RunLimit, runWithin } from './run-limit.js';

export type DnsProbeOptions = Pick<DnsTarget, 'server' | 'port' | 'query' | 'type' | 'expectAnswer'>;

/** One answer as zone files write it, and for how many seconds it may be kept, where c-ares tells (A and AAAA). */
interface Answer {
  readonly text: string;
  readonly ttl?: number;
}

/** c-ares doubles the time of each try: three of them fill the time that there is. */
const TRIES = 3;
const SHARES = 7;
const LONGEST_TRY_MS = 2_000;

/** Asks one name server one question: how long it takes, and what comes back. UDP first, TCP where that is cut short. */
export class DnsProbe implements Probe {
  readonly kind = 'dns';
  readonly operations: readonly ProbeOperation[];
  readonly #options: DnsProbeOptions;
  readonly #clock: ProbeEdges['clock'];
  readonly #server: string;

  constructor(options: DnsProbeOptions, { clock }: Pick<ProbeEdges, 'clock'>) {
    const { server, port } = options;
    this.#options = options;
    this.#clock = clock;
    this.#server = authority(server, port);
    const measure = (limit: RunLimit) => this.#measure(limit);
    this.operations = [{ name: 'query', run: (context) => runWithin(context, clock, this.#server, measure) }];
  }

  async #measure(limit: RunLimit): Promise<Reading[]> {
    const { query, type } = this.#options;
    limit.stage = 'waiting for its answer';
    const startedMs = this.#clock.now();
    const answers = await this.#ask(limit);
    const ttls = answers.flatMap(({ ttl }) => ttl ?? []);
    const fields = {
      rtt_ms: toMicroseconds(this.#clock.now() - startedMs),
      answers: answers.length,
      ...(ttls.length > 0 && { ttl_seconds: Math.min(...ttls) }),
    };
    const readings = [{ measurement: 'dns', tags: { query, type }, fields }];
    this.#compare(answers, readings);
    return readings;
  }

  /** A resolver of its own for each run: cancelling ends every query of a resolver. */
  async #ask(limit: RunLimit): Promise<Answer[]> {
    const timeout = Math.max(1, Math.min(LONGEST_TRY_MS, Math.floor(limit.remainingMs / SHARES)));
    const resolver = new Resolver({ timeout, tries: TRIES });
    resolver.setServers([this.#server]);
    const cancel = () => resolver.cancel();
    limit.signal.addEventListener('abort', cancel, { once: true });
    try {
      return await resolve(resolver, this.#options.query, this.#options.type);
    } catch (error) {
      throw this.#explain(error);
    } finally {
      limit.signal.removeEventListener('abort', cancel);
    }
  }

  #compare(answers: readonly Answer[], readings: readonly Reading[]): void {
    const given = new Set(answers.map(({ text }) => normal(text)));
    const missing = this.#options.expectAnswer.find((expected) => !given.has(normal(expected)));
    if (missing === undefined) return;
    const shown = answers.slice(0, 5).map(({ text }) => text.slice(0, 100));
    const message = `${this.#question}: "${missing}" is not among the answers (${shown.join(', ')}); check the zone`;
    throw new ProbeError('unexpected-answer', message, { readings });
  }

  get #question(): string {
    return `${this.#server}, asked for ${this.#options.type} of ${this.#options.query}`;
  }

  #explain(error: unknown): unknown {
    const known = EXPLANATIONS[(error as NodeJS.ErrnoException).code ?? ''];
    return known === undefined ? error : new ProbeError(known[0], `${this.#question}: ${known[1]}`, { cause: error });
  }
}

/** c-ares' codes, which for this probe are about the server itself. */
const EXPLANATIONS: Readonly<Record<string, readonly [ProbeErrorCode, string]>> = {
  ETIMEOUT: ['timeout', 'no answer; check that it is up and lets this machine ask'],
  ECONNREFUSED: ['refused', 'nothing listens there; check the address and the port'],
  ENOTFOUND: ['unexpected-answer', 'there is no such name (NXDOMAIN); check the name and the zone'],
  ENODATA: ['unexpected-answer', 'the name has no record of this type; check the zone'],
  ESERVFAIL: ['failed', 'it failed (SERVFAIL); see its logs'],
  EREFUSED: ['failed', 'it refuses to answer (REFUSED); check whom it serves'],
  ENOTIMP: ['failed', 'it does not know this kind of question (NOTIMP)'],
  EFORMERR: ['failed', 'it calls the question malformed (FORMERR)'],
  EBADRESP: ['malformed', 'its answer makes no sense; check that a name server listens there'],
};

async function resolve(resolver: Resolver, name: string, type: DnsType): Promise<Answer[]> {
  switch (type) {
    case 'A':
      return (await resolver.resolve4(name, { ttl: true })).map(({ address, ttl }) => ({ text: address, ttl }));
    case 'AAAA':
      return (await resolver.resolve6(name, { ttl: true })).map(({ address, ttl }) => ({ text: address, ttl }));
    case 'CNAME':
      return (await resolver.resolveCname(name)).map((text) => ({ text }));
    case 'MX':
      return (await resolver.resolveMx(name)).map(({ priority, exchange }) => ({ text: `${priority} ${exchange}` }));
    case 'NS':
      return (await resolver.resolveNs(name)).map((text) => ({ text }));
    case 'PTR':
      // Not resolver.reverse(), which would look into the hosts file first.
      return (await resolver.resolvePtr(reverseName(name))).map((text) => ({ text }));
    case 'SOA': {
      const { nsname, hostmaster, serial } = await resolver.resolveSoa(name);
      return [{ text: `${nsname} ${hostmaster} ${serial}` }];
    }
    case 'SRV':
      return (await resolver.resolveSrv(name)).map((srv) => ({
        text: `${srv.priority} ${srv.weight} ${srv.port} ${srv.name}`,
      }));
    case 'TXT':
      return (await resolver.resolveTxt(name)).map((chunks) => ({ text: chunks.join('') }));
  }
}

/** Names are the same in upper and lower case, and with the final dot. */
const normal = (text: string): string => text.toLowerCase().replace(/\.$/, '');
