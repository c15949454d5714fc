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

export function toNumber(varbind: Varbind | undefined): number | undefined {
  const count = toCount(varbind);
  return count === undefined ? undefined : Number(count);
}

/** A DisplayString on one line: agents put NULs and line ends into their descriptions. Undefined when nothing is left. */
export function toText(varbind: Varbind | undefined): string | undefined {
  if (varbind === undefined || isVarbindError(varbind) || varbind.type !== ObjectType.OctetString) return undefined;
  const { value } = varbind;
  const text = Buffer.isBuffer(value) ? value.toString('utf8') : String(value);
  const line = text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_TEXT);
  return line === '' ? undefined : line;
}
