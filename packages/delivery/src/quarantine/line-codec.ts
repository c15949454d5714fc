import { isUtf8 } from 'node:buffer';
import type { QuarantinedLine } from './quarantine.js';

const API_VERSION = 'breakwater/v1';
const KIND = 'QuarantinedLines';

/** The first line of a quarantine file. */
interface QuarantineHeader {
  readonly lane: string;
  /** Lines that made room for newer ones. */
  readonly givenUpLines: number;
}

/** A quarantine file cannot be used. */
export class QuarantineError extends Error {
  override readonly name = 'QuarantineError';
  readonly code = 'ERR_DELIVERY_QUARANTINE';
}

export const encodeHeader = (header: QuarantineHeader): Buffer =>
  encode({ apiVersion: API_VERSION, kind: KIND, ...header });

/** @throws QuarantineError for a file of something else, or of another version. */
export function decodeHeader(bytes: Buffer | undefined, path: string): QuarantineHeader {
  const value = bytes === undefined ? undefined : parse(bytes);
  if (value === undefined) throw new QuarantineError(`${path} is no quarantine file: its first line is no header`);
  const { apiVersion, kind, lane, givenUpLines, ...unknown } = value;
  if (apiVersion !== API_VERSION || kind !== KIND) {
    throw new QuarantineError(
      `${path} holds ${String(kind)} of ${String(apiVersion)}, and this program reads ${KIND} of ${API_VERSION}`,
    );
  }
  if (Object.keys(unknown).length > 0 || typeof lane !== 'string' || !isCount(givenUpLines)) {
    throw new QuarantineError(`the header of ${path} holds keys or values that this program does not know`);
  }
  return { lane, givenUpLines };
}

/** A line that is not UTF-8 is kept in base64, to the byte. */
export function encodeLine({ text, bytes, ...line }: QuarantinedLine): Buffer {
  if (bytes === undefined) return encode({ ...line, text });
  if (isUtf8(bytes)) return encode({ ...line, text: Buffer.from(bytes).toString() });
  return encode({ ...line, base64: Buffer.from(bytes).toString('base64') });
}

/** Undefined: it is damaged. */
export function decodeLine(json: Buffer): QuarantinedLine | undefined {
  const { seq, line, text, base64, words, destination, acceptedAtMs, quarantinedAtMs, ...unknown } = parse(json) ?? {};
  const isKnown = Object.keys(unknown).length === 0 && isCount(seq) && isCount(line) && typeof words === 'string';
  if (!isKnown || !isDestination(destination) || !isTime(acceptedAtMs) || !isTime(quarantinedAtMs)) return undefined;
  const rest = { seq, line, words, destination, acceptedAtMs, quarantinedAtMs };
  if (typeof text === 'string') return base64 === undefined ? { ...rest, text } : undefined;
  if (typeof base64 !== 'string') return undefined;
  const bytes = Buffer.from(base64, 'base64');
  return { ...rest, text: bytes.toString(), bytes };
}

const encode = (value: object): Buffer => Buffer.from(`${JSON.stringify(value)}\n`);

function parse(json: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isTime = (value: unknown): value is number => typeof value === 'number';

function isDestination(value: unknown): value is QuarantinedLine['destination'] {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 2) return false;
  return 'org' in value && 'bucket' in value && typeof value.org === 'string' && typeof value.bucket === 'string';
}
