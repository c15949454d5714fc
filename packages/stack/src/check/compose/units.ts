const SECONDS: Readonly<Record<string, number>> = { us: 1e-6, ms: 0.001, s: 1, m: 60, h: 3600 };

/** `35s`, `1m30s`: in seconds; undefined for what is no duration of Compose. */
export function secondsOf(value: unknown): number | undefined {
  const text = String(value ?? '');
  if (!/^(?:\d+(?:\.\d+)?(?:us|ms|s|m|h))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * SECONDS[unit!]!,
    0,
  );
}

const BYTES: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** `512M`, `1gb`, `268435456`: Compose and Redis' `kb` count in 1024s; undefined for what is no size. */
export function bytesOf(value: unknown): number | undefined {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(String(value ?? '')) ?? [];
  return count === undefined ? undefined : Number(count) * BYTES[unit.toLowerCase()]!;
}
