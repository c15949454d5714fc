/** How the flaky service spends its time, in milliseconds: it works, then it does not, and so on. */
export const FLAKY = { worksMs: 3_500, failsMs: 5_000 } as const;

/** When the dying service dies, in milliseconds after its start. */
export const DIES_AFTER_MS = 5_000;

/** Whether the flaky service works at that time after its start. */
export function flakyWorks(sinceStartMs: number): boolean {
  return sinceStartMs % (FLAKY.worksMs + FLAKY.failsMs) < FLAKY.worksMs;
}
