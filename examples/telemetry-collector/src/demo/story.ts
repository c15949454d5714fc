/** How the flaky service spends its time, in milliseconds: it works, then it does not, and so on. */
export const FLAKY = { worksMs: 2_500, failsMs: 5_000 } as const;

/** When the dying service dies, in milliseconds after its start. */
export const DIES_AFTER_MS = 3_000;

/** How long the slow service takes, in milliseconds: longer than a second, so that it goes on in the slow share. */
export const SLOW_MS = 1_200;

/** Whether the flaky service works at that time after its start. */
export function flakyWorks(sinceStartMs: number): boolean {
  return sinceStartMs % (FLAKY.worksMs + FLAKY.failsMs) < FLAKY.worksMs;
}
