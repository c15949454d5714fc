const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gsu;

/** What a string literal stands for; undefined where it does not end or has an escape that Go does not know. */
export function readString(literal: string): string | undefined {
  const quote = literal[0];
  if (literal.length < 2 || literal.at(-1) !== quote) return undefined;
  const inner = literal.slice(1, -1);
  if (quote === '`') return inner;
  let broken = inner.includes('\n') || /(?:^|[^\\])(?:\\\\)*\\$/.test(inner);
  const value = inner.replace(
    ESCAPE,
    (_whole, x?: string, u?: string, long?: string, octal?: string, char?: string) => {
      const code = octal === undefined ? Number.parseInt(x ?? u ?? long ?? '', 16) : Number.parseInt(octal, 8);
      if (!Number.isNaN(code)) {
        broken ||= code > 0x10ffff;
        return code > 0x10ffff ? '' : String.fromCodePoint(code);
      }
      if (char === undefined || char === '\\' || char === quote) return char ?? '';
      broken ||= ESCAPES[char] === undefined;
      return ESCAPES[char] ?? '';
    },
  );
  return broken ? undefined : value;
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};

/** `1e3`, `0x1f`, `Inf`, `1h30m`: durations become seconds. */
export function readNumber(literal: string): number {
  const text = literal.replaceAll('_', '').replace(/\s+/g, '').toLowerCase();
  const [, sign, rest = ''] = /^([-+]?)(.*)$/s.exec(text)!;
  const size = /^\d+(?:ms|[smhdwy])/.test(rest) ? durationOf(rest) : rest === 'inf' ? Infinity : Number(rest);
  return sign === '-' ? -size : size;
}

const durationOf = (text: string): number =>
  [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0);
