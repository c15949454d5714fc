import { UsageError } from './command.js';

/** A whole number from `min` on. */
export function wholeNumber(option: string, text: string | undefined, min = 0): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < min) {
    throw new UsageError(`--${option} is ${JSON.stringify(text)}; it must be a whole number from ${min} on`);
  }
  return value;
}

const UNIT_NS = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
} as const;

/** `90s`, `15m`, `1h`, `7d`, in nanoseconds; undefined: it is none. */
function durationNs(text: string): bigint | undefined {
  const [, digits, unit] = /^([1-9]\d{0,11})(ns|us|ms|s|m|h|d)$/.exec(text) ?? [];
  return digits === undefined ? undefined : BigInt(digits) * UNIT_NS[unit as keyof typeof UNIT_NS];
}

export function duration(option: string, text: string): bigint {
  const value = durationNs(text);
  if (value === undefined) {
    throw new UsageError(`--${option} is ${JSON.stringify(text)}; it must be a duration: 90s, 15m, 1h, 7d`);
  }
  return value;
}

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** An instant, or how long ago, in nanoseconds since the epoch. */
export function instantNs(option: string, text: string, nowMs: number): bigint {
  const ago = durationNs(text);
  if (ago !== undefined) return BigInt(nowMs) * 1_000_000n - ago;
  const [, seconds, fraction = '', zone] = RFC3339.exec(text) ?? [];
  const ms = Date.parse(`${seconds}${zone}`);
  if (Number.isNaN(ms)) {
    throw new UsageError(
      `--${option} is ${JSON.stringify(text)}; it must be an instant (2026-01-31T12:00:00Z) or a duration ago (24h)`,
    );
  }
  return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** An http or https URL, without what would be a secret. */
export function serverUrl(option: string, text: string): string {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    throw new UsageError(`--${option} must be an http or https URL, such as http://influx-a:8086`);
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new UsageError(
      `--${option} holds a user, a password or a query; other users of this machine see command lines: see the help for its environment variable`,
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}
