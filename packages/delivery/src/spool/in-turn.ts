/**
 * Takes every step, one after the other, also when one fails.
 * @throws what the first of those threw, once all are taken.
 */
export async function inTurn(steps: Iterable<() => Promise<unknown>>): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) await step().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}
