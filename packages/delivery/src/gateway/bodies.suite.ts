import fc from 'fast-check';

/** Lines that InfluxDB takes, each with its timestamp in ns, and lines that it never does. */
export const BROKEN_LINES = [
  'm',
  'm f',
  'm f=',
  'm =1',
  ',t=1 f=1',
  'm,t f=1',
  'm,t= f=1',
  'm,=x f=1',
  'm f=1 x',
  'm f=1 1.5',
  'm f=1 1 1',
  'm f=1i2',
  'm f=word',
  'm f=1,',
  'm f="open',
  '!',
  '{"m":1}',
] as const;

const unescaped = (text: string) => !/[\\\r\n]/.test(text);
const name = fc
  .string({ minLength: 1, maxLength: 8, unit: 'grapheme' })
  .filter((text) => unescaped(text) && text.trim() === text);
const escaped = (text: string) => text.replace(/[ ,=]/g, '\\$&');
const measurement = name
  .filter((text) => !/^[#"]/.test(text) && !text.includes('"'))
  .map((text) => text.replace(/[ ,]/g, '\\$&'));
const key = name.filter((text) => !text.includes('"')).map(escaped);
const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }).map(String),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((integer) => `${integer}i`),
  fc.constantFrom('t', 'T', 'true', 'True', 'TRUE', 'f', 'F', 'false', 'False', 'FALSE'),
  fc
    .string({ maxLength: 12, unit: 'grapheme' })
    .filter((text) => !/[\r\n]/.test(text))
    .map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`),
);
const instant = fc.bigInt(1n, 2n ** 62n).map(String);

export const goodLine = fc
  .tuple(
    measurement,
    fc.uniqueArray(fc.tuple(key, key), { maxLength: 3, selector: ([tag]) => tag }),
    fc.uniqueArray(fc.tuple(key, value), { minLength: 1, maxLength: 3, selector: ([field]) => field }),
    instant,
  )
  .map(([place, tags, fields, time]) => {
    const list = (pairs: Array<[string, string]>) => pairs.map((pair) => pair.join('='));
    return `${[place, ...list(tags)].join(',')} ${list(fields).join(',')} ${time}`;
  });

export const brokenLine = fc.constantFrom(...BROKEN_LINES);

/** A line with something of it put elsewhere, left out or doubled: nobody knows what that is. */
export const bentLine = fc
  .tuple(
    goodLine,
    fc.nat(200),
    fc.nat(10),
    fc.constantFrom('', ' ', ',', '=', '"', '\\', '\n', '\t', '#', '0', '\u0000'),
  )
  .map(([line, at, length, instead]) => {
    const from = at % line.length;
    return line.slice(0, from) + instead + line.slice(from + length);
  });

export const noise = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ maxLength: 60, unit: fc.constantFrom(...'m,t=x f1i"\\ \n#') }),
);
