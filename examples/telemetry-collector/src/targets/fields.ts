import { isIP } from 'node:net';
import { z } from 'zod';

/** The kinds of value that a targets file is made of. Each says in its message what would be right. */

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const DURATION = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/;

/** `10s`, `500ms`, `1.5m`, `1h`, as milliseconds. */
export function duration(minMs: number, maxMs: number) {
  const mistake = 'is no duration; write a number and a unit, such as 500ms, 10s or 1m';
  return z
    .string(mistake)
    .regex(DURATION, mistake)
    .transform((text, context) => {
      const [, count, unit] = DURATION.exec(text)!;
      const ms = Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
      if (ms >= minMs && ms <= maxMs) return ms;
      context.issues.push({
        code: 'custom',
        message: `is out of range; ${showMs(minMs)} to ${showMs(maxMs)} is allowed`,
        input: text,
      });
      return z.NEVER;
    });
}

/** The shortest way to write a duration. */
export function showMs(ms: number): string {
  for (const unit of ['h', 'm', 's'] as const) {
    if (ms >= UNIT_MS[unit] && ms % UNIT_MS[unit] === 0) return `${ms / UNIT_MS[unit]}${unit}`;
  }
  return `${ms}ms`;
}

const UNIT_BYTES = { B: 1, KiB: 1024, MiB: 1024 ** 2 } as const;
const SIZE = /^(\d{1,9})(B|KiB|MiB)$/;

/** `512KiB`, `16MiB`, as bytes. */
export function size(maxBytes: number) {
  const mistake = 'is no size; write a whole number and a unit, such as 512KiB or 16MiB';
  return z
    .string(mistake)
    .regex(SIZE, mistake)
    .transform((text, context) => {
      const [, count, unit] = SIZE.exec(text)!;
      const bytes = Number(count) * UNIT_BYTES[unit as keyof typeof UNIT_BYTES];
      if (bytes >= 1 && bytes <= maxBytes) return bytes;
      const most = `${maxBytes / UNIT_BYTES.MiB}MiB`;
      context.issues.push({ code: 'custom', message: `is out of range; 1B to ${most} is allowed`, input: text });
      return z.NEVER;
    });
}

export const targetName = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'is no target name; use letters, digits, ".", "_" and "-"')
  .describe('Unique in the file: letters, digits, ".", "_" and "-", starting with a letter or a digit');

/** Tags and columns that points have anyway, or that a database keeps for itself. */
const RESERVED_LABELS: readonly string[] = ['target', 'probe', 'time', '_measurement', '_field'];

const labelName = z
  .string()
  .max(64)
  .regex(/^(?!__)[A-Za-z_][A-Za-z0-9_]*$/, 'is no label name; use letters, digits and "_", not starting with "__"')
  .refine((name) => !RESERVED_LABELS.includes(name), 'is reserved; choose another label name');

const labelValue = z
  .string()
  .min(1, 'is empty; give it a value or leave the label out')
  .max(256)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'holds a control character');

export const MAX_LABELS = 32;

export const labels = z
  .record(labelName, labelValue)
  .refine((record) => Object.keys(record).length <= MAX_LABELS, `has more than ${MAX_LABELS} labels`)
  .describe('Tags of every point: at most 32, values of 1 to 256 characters');

export const limit = z
  .strictObject({
    key: z
      .string()
      .max(64)
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'is no name of a limit; use letters, digits, ".", "_" and "-"')
      .describe('The name of the limit: what has the same key shares it'),
    concurrent: z.int().min(1).max(10_000).describe('How many at once: 1 to 10000, the same wherever the key stands'),
  })
  .describe('Of all targets with this key so many are polled at once, by all replicas together');

/** Secrets are never written into the file: it names the variable that holds one. */
export const variable = z
  .string()
  .max(128)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is no name of an environment variable')
  .describe('The name of the environment variable that holds the secret');

const HOSTNAME =
  /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$/;
/** Digits and dots alone are a mistyped address, not a name. */
const isHostname = (text: string): boolean => HOSTNAME.test(text) && !/^[\d.]+$/.test(text);

export const host = z
  .string()
  .refine((text) => isIP(text) !== 0 || isHostname(text), 'is no host; write a name or an address, without a port')
  .describe('A name, or an IPv4 or IPv6 address without brackets');

export const address = z
  .string()
  .refine((text) => isIP(text) !== 0, 'is no address; write an IPv4 or IPv6 address, without a port')
  .describe('An IPv4 or IPv6 address without brackets');

export const port = z.int().min(1).max(65_535);

export const dnsName = z
  .string()
  .refine((text) => HOSTNAME.test(text), 'is no DNS name')
  .transform((text) => text.replace(/\.$/, ''));

export const url = z
  .string()
  .max(2048)
  .superRefine((text, context) => {
    const mistake = mistakeInUrl(text);
    if (mistake !== undefined) context.addIssue({ code: 'custom', message: mistake, input: text });
  })
  .describe('http or https, without user and password');

function mistakeInUrl(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return 'is no http or https URL';
  const { username, password, hash } = new URL(text);
  if (username !== '' || password !== '') {
    return 'holds a user or a password; send them as a header: headers: { authorization: { valueFrom: VARIABLE } }';
  }
  return hash === '' ? undefined : 'has a fragment ("#..."), which is never sent to a server';
}

/** Headers that HTTP itself takes care of, and one that would break the pool. */
const FORBIDDEN_HEADERS: readonly string[] = [
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
const SECRET_HEADER = /^(?:authorization|proxy-authorization|cookie)$|key|token|secret|password/;

const headerName = z
  .string()
  .max(128)
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is no header name')
  .refine((name) => !FORBIDDEN_HEADERS.includes(name.toLowerCase()), 'is a header that cannot be set');

/** What may stand in a header: visible characters, blanks and tabs (RFC 9110), and no others, so that no value is cut. */
export const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

const headerValue = z.union([
  z.string().max(4096).regex(HEADER_VALUE, 'holds a character that a header cannot carry'),
  z.strictObject({ valueFrom: variable }),
]);

export const headers = z
  .record(headerName, headerValue)
  .superRefine((record, context) => {
    if (Object.keys(record).length > 32) context.addIssue({ code: 'custom', message: 'has more than 32 headers' });
    for (const [name, value] of Object.entries(record)) {
      if (typeof value !== 'string' || !SECRET_HEADER.test(name.toLowerCase())) continue;
      const message = 'is a secret in the file; write { valueFrom: VARIABLE } and put it into the environment';
      context.addIssue({ code: 'custom', message, path: [name] });
    }
  })
  .describe('Request headers; a secret value is { valueFrom: VARIABLE }');
