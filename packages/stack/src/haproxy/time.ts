const MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time as HAProxy writes it, in milliseconds; without a unit it is in milliseconds already. */
export function haproxyTimeMs(text: string | undefined): number | undefined {
  const [, count, unit = 'ms'] = /^(\d+)(us|ms|s|m|h|d)?$/.exec(text ?? '') ?? [];
  return count === undefined ? undefined : Number(count) * MS[unit]!;
}
