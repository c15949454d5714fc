import { hostname as machineName } from 'node:os';
import { numberOption } from '../../config/option.js';
import { type Clock, systemClock } from '../../core/clock.js';
import { ConfigError, RejectedError } from '../../core/errors.js';
import type { Measured, Recorder } from '../../metrics/definition.js';
import { Histogram } from '../../metrics/histogram.js';
import { AddressCache } from './address-cache.js';
import { CheckedFile } from './checked-file.js';
import { Flight } from './flight.js';
import { canonicalName, isLocalhost, literalAddress } from './host-name.js';
import { type Hosts, parseHosts } from './hosts-file.js';
import { inquire, interleave } from './inquiry.js';
import { LOOKUP_METRICS, LOOKUP_RESULTS, type LookupResult } from './metrics.js';
import type { Address, LookupOptions, NameLookup } from './name-lookup.js';
import { NameLookupError, type NameLookupErrorCode } from './name-lookup-error.js';
import { type Answer, type Ask, askServer } from './question.js';
import { parseResolvConf, type ResolvConf } from './resolv-conf.js';
import { namesToAsk } from './search-list.js';
import { checkServers } from './server-list.js';
import { planTries } from './tries.js';

export interface NameLookupOptions {
  /** For messages and metrics. Default `dns`. */
  name?: string;
  /** Name servers instead of those in resolv.conf, each an IP address, with a port if not 53. */
  servers?: readonly string[];
  /** Default `/etc/hosts`. */
  hostsFile?: string;
  /** Gives the search list and its options, and the servers unless they are given here. Default `/etc/resolv.conf`. */
  resolvConf?: string;
  /** Of which family the first address is, where a name has both. Default 4. */
  prefer?: 4 | 6;
  /** Whatever the callers' deadlines, a look-up ends after this many milliseconds. Default 15,000. */
  timeoutMs?: number;
  /** How many different names may be asked for at once; more are rejected with `queue-full`. Default 256. */
  maxPending?: number;
  /** How many answers are remembered. Default 4,096. */
  maxCached?: number;
  /** Answers are remembered as long as their server allows, and at most this many milliseconds. Default 300,000. */
  maxTtlMs?: number;
  /** How long it is remembered that a name does not exist or has no address, in milliseconds. Default 5,000. */
  negativeTtlMs?: number;
  clock?: Clock;
  /** @internal How servers are asked, for tests in virtual time. */
  ask?: Ask;
}

const FILES = { checkEveryMs: 5_000, maxBytes: 1 << 20 };
const LOOPBACK: readonly Address[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];
const NEGATIVE: ReadonlySet<NameLookupErrorCode> = new Set(['ENOTFOUND', 'ENODATA']);

/**
 * Looks names up as the system does (hosts file, then name servers with search list, `ndots`, `timeout`, `attempts` and
 * `rotate` of resolv.conf as in glibc; no other name service), without its thread pool: `dns.lookup` holds one of four
 * threads until getaddrinfo is done, whoever gave up, and every fsync waits behind it.
 */
export class SystemLookup implements NameLookup, Measured {
  readonly name: string;
  readonly #clock: Clock;
  readonly #servers: readonly string[] | undefined;
  readonly #hosts: CheckedFile<Hosts>;
  readonly #resolvConf: CheckedFile<ResolvConf>;
  readonly #prefer: 4 | 6;
  readonly #timeoutMs: number;
  readonly #maxPending: number;
  readonly #maxTtlMs: number;
  readonly #negativeTtlMs: number;
  readonly #ask: Ask;
  readonly #cache: AddressCache<Answer>;
  readonly #flights = new Map<string, Flight>();
  readonly #results = Object.fromEntries(LOOKUP_RESULTS.map((result) => [result, 0])) as Record<LookupResult, number>;
  readonly #durations = new Histogram(LOOKUP_METRICS.duration.buckets);
  #conf: ResolvConf;
  #turn = 0;

  constructor(options: NameLookupOptions = {}) {
    const { name = 'dns', clock = systemClock, prefer = 4, ask = askServer } = options;
    const {
      timeoutMs = 15_000,
      maxPending = 256,
      maxCached = 4096,
      maxTtlMs = 300_000,
      negativeTtlMs = 5_000,
    } = options;
    this.name = name;
    this.#clock = clock;
    if (prefer !== 4 && prefer !== 6) throw new ConfigError(`${name}: prefer is ${String(prefer)}; it must be 4 or 6`);
    this.#prefer = prefer;
    this.#ask = ask;
    this.#servers = options.servers === undefined ? undefined : checkServers(options.servers, `${name}: servers`);
    this.#timeoutMs = numberOption(name, 'timeoutMs', timeoutMs, { min: 1 });
    this.#maxPending = numberOption(name, 'maxPending', maxPending, { min: 1, integer: true });
    this.#maxTtlMs = numberOption(name, 'maxTtlMs', maxTtlMs, { min: 0 });
    this.#negativeTtlMs = numberOption(name, 'negativeTtlMs', negativeTtlMs, { min: 0 });
    this.#cache = new AddressCache(numberOption(name, 'maxCached', maxCached, { min: 0, integer: true }));
    this.#hosts = new CheckedFile(options.hostsFile ?? '/etc/hosts', parseHosts, { clock, ...FILES });
    const parse = (text: string) => parseResolvConf(text, machineName());
    this.#resolvConf = new CheckedFile(options.resolvConf ?? '/etc/resolv.conf', parse, { clock, ...FILES });
    this.#conf = this.#resolvConf.value;
  }

  async lookup(hostname: string, options: LookupOptions = {}): Promise<readonly Address[]> {
    const { family = 0, signal, deadline = Number.POSITIVE_INFINITY } = options;
    if (signal?.aborted === true) throw this.#failure(hostname, 'ECANCELLED', signal.reason);
    const literal = literalAddress(hostname);
    if (literal !== undefined) {
      if (family !== 0 && family !== literal.family) throw this.#failure(hostname, 'ENODATA');
      return [literal];
    }
    const name = canonicalName(hostname);
    if (name === undefined) throw this.#failure(hostname, 'EBADNAME');
    const local = this.#localAddresses(name, family);
    if (local !== undefined) {
      this.#results.file++;
      return local;
    }
    const conf = this.#currentConf();
    const now = this.#clock.now();
    const remembered = this.#cache.get(`${family} ${name}`, now);
    if (remembered !== undefined) {
      this.#results.cached++;
      return this.#addressesOf(hostname, remembered);
    }
    if (deadline <= now) throw this.#failure(hostname, 'ETIMEOUT');
    const flight = this.#flights.get(`${family} ${name}`) ?? this.#depart(name, family, conf);
    return this.#addressesOf(hostname, await flight.join(signal, deadline), signal);
  }

  /** What this machine knows by itself. The hosts file is searched for the name as it is, as in glibc. */
  #localAddresses(name: string, family: 0 | 4 | 6): readonly Address[] | undefined {
    const bare = name.endsWith('.') ? name.slice(0, -1) : name;
    const inFile = this.#choose(this.#hosts.value.get(bare) ?? [], family);
    if (inFile.length > 0) return inFile;
    return isLocalhost(bare) ? this.#choose(LOOPBACK, family) : undefined;
  }

  #choose(addresses: readonly Address[], family: 0 | 4 | 6): readonly Address[] {
    if (family !== 0) return addresses.filter((address) => address.family === family);
    const preferred = addresses.filter((address) => address.family === this.#prefer);
    return interleave(preferred, this.#choose(addresses, this.#prefer === 4 ? 6 : 4));
  }

  /** Other servers or another search list may answer differently. */
  #currentConf(): ResolvConf {
    const conf = this.#resolvConf.value;
    if (conf !== this.#conf) {
      this.#conf = conf;
      this.#cache.clear();
    }
    return conf;
  }

  #depart(name: string, family: 0 | 4 | 6, conf: ResolvConf): Flight {
    if (this.#flights.size >= this.#maxPending) {
      this.#results.rejected++;
      throw RejectedError.of(this.name, 'queue-full');
    }
    const key = `${family} ${name}`;
    const servers = this.#servers ?? conf.servers;
    const startedMs = this.#clock.now();
    const first = conf.rotate ? this.#turn++ % servers.length : 0;
    const plan = {
      ask: this.#ask,
      clock: this.#clock,
      names: namesToAsk(name, conf),
      tries: planTries({ ...conf, servers }, first),
      family,
      prefer: this.#prefer,
    };
    const flight = new Flight(
      this.#clock,
      this.#timeoutMs,
      (signal) => inquire({ ...plan, signal }),
      (answer) => this.#arrive(key, conf, answer, startedMs),
    );
    this.#flights.set(key, flight);
    return flight;
  }

  #arrive(key: string, conf: ResolvConf, answer: Answer, startedMs: number): void {
    this.#flights.delete(key);
    const now = this.#clock.now();
    this.#durations.observe((now - startedMs) / 1000);
    this.#results[resultOf(answer)]++;
    if (conf !== this.#conf) return;
    if ('addresses' in answer) this.#cache.set(key, answer, Math.min(answer.ttlMs, this.#maxTtlMs), now);
    else if (NEGATIVE.has(answer.code)) this.#cache.set(key, answer, this.#negativeTtlMs, now);
  }

  #addressesOf(hostname: string, answer: Answer, signal?: AbortSignal): readonly Address[] {
    if ('addresses' in answer) return answer.addresses;
    throw this.#failure(hostname, answer.code, answer.code === 'ECANCELLED' ? signal?.reason : undefined);
  }

  #failure(hostname: string, code: NameLookupErrorCode, cause?: unknown): NameLookupError {
    const shown = hostname.length > 255 ? `${hostname.slice(0, 255)}…` : hostname;
    return new NameLookupError(shown, code, this.#servers ?? this.#conf.servers, cause);
  }

  measure(record: Recorder): void {
    const labels = { policy: this.name };
    for (const result of LOOKUP_RESULTS) record(LOOKUP_METRICS.lookups, { ...labels, result }, this.#results[result]);
    record(LOOKUP_METRICS.pending, labels, this.#flights.size);
    record(LOOKUP_METRICS.duration, labels, this.#durations);
    record(LOOKUP_METRICS.cached, labels, this.#cache.size);
    record(LOOKUP_METRICS.fileErrors, labels, this.#hosts.failures + this.#resolvConf.failures);
  }
}

function resultOf(answer: Answer): LookupResult {
  if ('addresses' in answer) return 'found';
  if (NEGATIVE.has(answer.code)) return 'not-found';
  if (answer.code === 'ETIMEOUT') return 'timeout';
  return answer.code === 'ECANCELLED' ? 'cancelled' : 'failed';
}

/** A look-up by hosts file and name servers that obeys signal and deadline and takes no thread. */
export function nameLookup(options?: NameLookupOptions): SystemLookup {
  return new SystemLookup(options);
}
