import { isIP } from 'node:net';

/** What resolv.conf(5) says. */
export interface ResolvConf {
  /** At least one, each `address`, `address:port` or `[address]:port`. */
  readonly servers: readonly string[];
  /** Suffixes without leading or trailing dots; '' stands for the name as it is. */
  readonly search: readonly string[];
  /** A name with this many dots is tried as it is before the search list. */
  readonly ndots: number;
  /** How long the first attempt at each server may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly attempts: number;
  /** Whether look-ups take turns in which server they ask first. */
  readonly rotate: boolean;
}

// The limits and defaults of glibc's resolver (resolv.h).
const MOST_SERVERS = 3;
const MOST_SEARCHED = 32;
const LARGEST = { ndots: 15, timeout: 30, attempts: 5 };
const DEFAULTS = { ndots: 1, timeout: 5, attempts: 2 };

/** Reads the text of a resolv.conf as glibc does; `hostname` gives the search list where the file has none. */
export function parseResolvConf(text: string, hostname = ''): ResolvConf {
  const servers: string[] = [];
  const numbers = { ...DEFAULTS };
  let search = defaultSearch(hostname);
  let rotate = false;
  for (const line of text.split('\n')) {
    // A keyword starts its line; what starts with a blank, # or ; is none.
    const [keyword = '', ...values] = line.trimEnd().split(/[ \t]+/);
    if (keyword === 'nameserver' && servers.length < MOST_SERVERS && isIP(values[0] ?? '') !== 0)
      servers.push(values[0]!);
    else if (keyword === 'domain' && values.length > 0) search = suffixes(values.slice(0, 1));
    else if (keyword === 'search' && values.length > 0) search = suffixes(values);
    else if (keyword === 'options') rotate = readOptions(values, numbers) || rotate;
  }
  return {
    servers: servers.length === 0 ? ['127.0.0.1'] : servers,
    search,
    ndots: numbers.ndots,
    timeoutMs: Math.max(1, numbers.timeout) * 1000,
    attempts: Math.max(1, numbers.attempts),
    rotate,
  };
}

function defaultSearch(hostname: string): string[] {
  const dot = hostname.indexOf('.');
  return dot === -1 || dot === hostname.length - 1 ? [] : suffixes([hostname.slice(dot + 1)]);
}

const suffixes = (values: readonly string[]): string[] =>
  values.slice(0, MOST_SEARCHED).map((value) => value.replace(/^\.+|\.+$/g, '').toLowerCase());

/** Puts `ndots:2` and the like into `numbers`, and says whether `rotate` was among the options. */
function readOptions(values: readonly string[], numbers: typeof DEFAULTS): boolean {
  let rotate = false;
  for (const value of values) {
    const [, name, digits] = /^(ndots|timeout|attempts):(\d+)/.exec(value) ?? [];
    if (name !== undefined) {
      const key = name as keyof typeof DEFAULTS;
      numbers[key] = Math.min(Number(digits), LARGEST[key]);
    }
    if (value === 'rotate') rotate = true;
  }
  return rotate;
}
