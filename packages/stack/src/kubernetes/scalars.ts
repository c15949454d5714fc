/** What is wrong with a value, and what to write instead. */
export interface WrongScalar {
  readonly what: string;
  readonly fix: string;
}

const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?$/;
const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

export function wrongQuantity(value: unknown): WrongScalar | undefined {
  if (typeof value === 'number') return undefined;
  if (typeof value === 'string' && QUANTITY.test(value)) return undefined;
  const [, number, unit] = /^([\d.]+)\s*([a-zA-Z]+)$/.exec(String(value)) ?? [];
  if (number === undefined || unit === undefined) return { what: 'is no Quantity', fix: 'write 500m, 2 or 1Gi' };
  const meant: Readonly<Record<string, string>> = {
    kb: 'Ki',
    mb: 'Mi',
    gb: 'Gi',
    tb: 'Ti',
    ki: 'Ki',
    mi: 'Mi',
    gi: 'Gi',
  };
  const suffix = meant[unit.toLowerCase()] ?? (unit === 'g' ? 'G' : unit === 'K' ? 'k' : '');
  return {
    what: 'is no Quantity',
    fix: `write "${number}${suffix}"${suffix === '' ? ': it has no units of time' : ''}`,
  };
}

/** A Quantity as a number: cores, bytes, or whatever it counts. Undefined: it is none. */
export function quantityOf(value: unknown): number | undefined {
  const [, number, suffix = ''] = QUANTITY.exec(String(value)) ?? [];
  if (number === undefined) return undefined;
  return /^[eE][+-]?\d/.test(suffix) ? Number(number + suffix) : Number(number) * (FACTORS[suffix] ?? 1);
}

const PORT_FIELDS = new Set(['port', 'targetPort', 'containerPort', 'hostPort', 'nodePort', 'endPort']);

export function wrongPort(value: unknown, field: string): WrongScalar | undefined {
  if (!PORT_FIELDS.has(field)) return undefined;
  if (typeof value === 'number') {
    const fits = Number.isInteger(value) && value >= 1 && value <= 65_535;
    return fits ? undefined : { what: 'is no port', fix: 'write 1 to 65535' };
  }
  if (typeof value !== 'string') return undefined;
  if (/^\d+$/.test(value)) return { what: 'is a number in quotes', fix: `write ${value}, without quotes` };
  const isName = /^[a-z0-9](?:-?[a-z0-9])*$/.test(value) && value.length <= 15 && /[a-z]/.test(value);
  return isName ? undefined : { what: 'is no name of a port', fix: 'at most 15 of a-z, 0-9 and "-"' };
}
