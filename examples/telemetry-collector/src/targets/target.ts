import type { Secret } from './secret.js';

/** Of all targets with one key, so many are measured at once, by all replicas together. */
export interface TargetLimit {
  readonly key: string;
  /** The same in the whole file. */
  readonly concurrent: number;
}

/** What every target has, after the file's defaults were applied. */
interface TargetBase {
  /** Unique in the file: a letter or digit, then letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  readonly intervalMs: number;
  /** Never longer than the interval. */
  readonly timeoutMs: number;
  /** Tags of every point of the target. Never one of the reserved names, never empty values. */
  readonly labels: Readonly<Record<string, string>>;
  readonly limit?: TargetLimit;
}

/** Both ends belong to the range. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** Header names are in lower case; their values may come from the environment, so none is ever shown. */
export type TargetHeaders = Readonly<Record<string, Secret>>;

export interface HttpTarget extends TargetBase {
  readonly probe: 'http';
  /** http or https, without credentials and fragment. */
  readonly url: string;
  readonly method: 'GET' | 'HEAD';
  readonly headers: TargetHeaders;
  /** At least one range. */
  readonly expectStatus: readonly StatusRange[];
  /** Text that the body must contain. */
  readonly expectBody: string | undefined;
  readonly maxRedirects: number;
  /** A longer body is an error, in bytes after decompression. */
  readonly maxBodyBytes: number;
}

export interface TcpTarget extends TargetBase {
  readonly probe: 'tcp';
  /** A name, or an IPv4 or IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

export const DNS_TYPES = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'] as const;
export type DnsType = (typeof DNS_TYPES)[number];

export interface DnsTarget extends TargetBase {
  readonly probe: 'dns';
  /** The address of the name server: IPv4 or IPv6 without brackets. */
  readonly server: string;
  readonly port: number;
  /** The name asked for, without a trailing dot. */
  readonly query: string;
  readonly type: DnsType;
  /** Each must be among the answers; empty: any answer will do. */
  readonly expectAnswer: readonly string[];
}

export interface PrometheusTarget extends TargetBase {
  readonly probe: 'prometheus';
  readonly url: string;
  readonly headers: TargetHeaders;
  /** Patterns of series names, `*` for any run of characters. At least one. */
  readonly keep: readonly string[];
  /** More kept series than this are an error. */
  readonly maxSeries: number;
  readonly maxBodyBytes: number;
}

export const SNMP_AUTH_PROTOCOLS = ['md5', 'sha', 'sha224', 'sha256', 'sha384', 'sha512'] as const;
export const SNMP_PRIV_PROTOCOLS = ['des', 'aes', 'aes256b', 'aes256r'] as const;
/** Tables that `walk` knows by name; any other is an object identifier. */
export const SNMP_TABLES = ['ifTable', 'ifXTable'] as const;

export type SnmpCredentials =
  | { readonly version: '2c'; readonly community: Secret }
  | {
      readonly version: '3';
      readonly user: string;
      readonly context: string | undefined;
      readonly auth: { readonly protocol: (typeof SNMP_AUTH_PROTOCOLS)[number]; readonly key: Secret };
      readonly priv: { readonly protocol: (typeof SNMP_PRIV_PROTOCOLS)[number]; readonly key: Secret };
    };

export interface SnmpTarget extends TargetBase {
  readonly probe: 'snmp';
  readonly host: string;
  readonly port: number;
  readonly credentials: SnmpCredentials;
  /** Names of `SNMP_TABLES`, or object identifiers in dots and digits. May be empty: the system group alone. */
  readonly walk: readonly string[];
}

export interface HostTarget extends TargetBase {
  readonly probe: 'host';
}

/** One thing to poll, ready to use: durations in milliseconds, sizes in bytes, secrets looked up. */
export type Target = HttpTarget | TcpTarget | DnsTarget | PrometheusTarget | SnmpTarget | HostTarget;
