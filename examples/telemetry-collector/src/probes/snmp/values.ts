import { isUtf8 } from 'node:buffer';
import { isVarbindError, ObjectType, type Varbind } from 'net-snmp';

const LONGEST_TEXT = 255;

/** A count of 32 or 64 bits; undefined for what is none. Counter64 comes as its bytes, without leading zeros or with one. */
export function toCount(varbind: Varbind | undefined): bigint | undefined {
  if (varbind === undefined || isVarbindError(varbind)) return undefined;
  const { type, value } = varbind;
  switch (type) {
    case ObjectType.Counter32:
    case ObjectType.Gauge32:
    case ObjectType.TimeTicks:
    case ObjectType.Integer:
      return typeof value === 'number' && value >= 0 ? BigInt(value) : undefined;
    case ObjectType.Counter64:
      return Buffer.isBuffer(value) ? BigInt.asUintN(64, BigInt(`0x0${value.toString('hex')}`)) : undefined;
    default:
      return undefined;
  }
}

/** Any number, below zero too. */
export function toNumber(varbind: Varbind | undefined): number | undefined {
  if (varbind?.type === ObjectType.Integer && typeof varbind.value === 'number') return varbind.value;
  const count = toCount(varbind);
  return count === undefined ? undefined : Number(count);
}

/** How many bits a counter has; undefined for what is no counter. */
export function counterBits({ type }: Varbind): 32 | 64 | undefined {
  if (type === ObjectType.Counter32) return 32;
  return type === ObjectType.Counter64 ? 64 : undefined;
}

/** Text on one line: agents put NULs and line ends into their descriptions. Undefined when nothing is left. */
export function toText(varbind: Varbind | undefined): string | undefined {
  const value = varbind?.value;
  const text = Buffer.isBuffer(value) && varbind?.type === ObjectType.OctetString ? decoded(value) : value;
  if (typeof text !== 'string') return undefined;
  const line = text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_TEXT);
  return line === '' ? undefined : line;
}

/** What is no UTF-8 is an address or a bit field: in hexadecimal digits. */
const decoded = (bytes: Buffer): string => (isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('hex'));
