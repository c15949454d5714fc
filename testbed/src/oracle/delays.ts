import type { ProxiedWrite } from '../faulty/proxy-writes.js';
import type { Producer } from './producer.js';

/**
 * How long each accepted write took from its 204 to that of the backend, in milliseconds, sorted. Writes that were not
 * delivered are not among them.
 */
export function deliveryDelays(producer: Producer, writes: readonly ProxiedWrite[]): number[] {
  const stored = new Map<number, number>();
  for (const { status, answeredAtMs, body } of writes) {
    if (status !== 204 || answeredAtMs === undefined) continue;
    for (const [, number] of body.toString().matchAll(/ n=(\d+)i /g)) {
      if (!stored.has(Number(number))) stored.set(Number(number), answeredAtMs);
    }
  }
  return [...producer.acceptedAtMs]
    .flatMap(([number, acceptedAtMs]) => {
      const storedAtMs = stored.get(number);
      return storedAtMs === undefined ? [] : [storedAtMs - acceptedAtMs];
    })
    .sort((a, b) => a - b);
}
