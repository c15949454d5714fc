export type Health = 'ok' | 'warning' | 'unhealthy';

/** What one check says of one thing. */
export interface Verdict {
  /** `proxy: servers` */
  readonly what: string;
  readonly health: Health;
  /** What was seen. */
  readonly evidence: string;
  /** What to do about it; undefined where all is well. */
  readonly advice?: string | undefined;
}

export const ok = (what: string, evidence: string): Verdict => ({ what, health: 'ok', evidence });

export const warning = (what: string, evidence: string, advice: string): Verdict => ({
  what,
  health: 'warning',
  evidence,
  advice,
});

export const unhealthy = (what: string, evidence: string, advice: string): Verdict => ({
  what,
  health: 'unhealthy',
  evidence,
  advice,
});
