import { z } from 'zod';

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const;

const BYTES = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti)?$/;
const FACTORS = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3, Ti: 1024 ** 4 } as const;

const CPU = /^(?:(\d+)m|(\d+(?:\.\d{1,3})?))$/;

const EXAMPLE = 'a duration such as 500ms, 30s, 5m, 1h or 7d';

/** `30s`, `1.5m`, `7d`: becomes seconds. */
export const duration = z
  .string(EXAMPLE)
  .regex(DURATION, EXAMPLE)
  .transform((text) => {
    const [, value, unit] = DURATION.exec(text)!;
    return Number(value) * SECONDS[unit as keyof typeof SECONDS];
  });

/** A duration between two others, which are allowed too: what lies beyond is refused by who would run with it. */
export function durationBetween(least: string, most: string): typeof duration {
  const [from, to] = [duration.parse(least), duration.parse(most)];
  return duration.refine((seconds) => seconds >= from && seconds <= to, `${least} to ${most}`);
}

/** `512Mi`, `50Gi`: becomes bytes. */
export const bytes = z
  .union([z.string(), z.number().transform(String)])
  .pipe(z.string().regex(BYTES, 'a size such as 512Mi or 50Gi'))
  .transform((text) => {
    const [, value, unit] = BYTES.exec(text)!;
    return Math.round(Number(value) * (unit === undefined ? 1 : FACTORS[unit as keyof typeof FACTORS]));
  });

/** `250m`, `0.5`, `4`: becomes cores. */
export const cpu = z
  .union([z.string(), z.number().transform(String)])
  .pipe(z.string().regex(CPU, 'a number of cores such as 250m, 0.5 or 4'))
  .transform((text) => {
    const [, milli, cores] = CPU.exec(text)!;
    return milli === undefined ? Number(cores) : Number(milli) / 1000;
  });

/** Bytes as a Kubernetes quantity that says exactly as much: `1Gi`, `1536Mi`. */
export function showBytes(count: number): string {
  for (const unit of ['Ti', 'Gi', 'Mi', 'Ki'] as const) {
    if (count !== 0 && count % FACTORS[unit] === 0) return `${count / FACTORS[unit]}${unit}`;
  }
  return String(count);
}

/** Cores as a Kubernetes quantity: `250m`, `4`. */
export const showCpu = (cores: number): string =>
  Number.isInteger(cores) ? String(cores) : `${Math.round(cores * 1000)}m`;

/** Seconds as Prometheus and HAProxy write them: `90s`, `5m`, `7d`, `500ms`. */
export function showDuration(seconds: number): string {
  if (!Number.isInteger(seconds)) return `${Math.round(seconds * 1000)}ms`;
  if (seconds !== 0 && seconds % 86_400 === 0) return `${seconds / 86_400}d`;
  if (seconds !== 0 && seconds % 3600 === 0) return `${seconds / 3600}h`;
  if (seconds !== 0 && seconds % 60 === 0) return `${seconds / 60}m`;
  return `${seconds}s`;
}
