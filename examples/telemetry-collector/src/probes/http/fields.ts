import type { FieldValue } from '../probe.js';
import type { Exchange } from './exchange.js';

/** The fields of a request that took one exchange or, with redirects, several: the times are sums. In milliseconds. */
export function fieldsOf(exchanges: readonly Exchange[]): Record<string, FieldValue> {
  const last = exchanges.at(-1)!;
  const sum = (part: (exchange: Exchange) => number) => exchanges.reduce((total, one) => total + part(one), 0);
  return {
    status: last.status,
    redirects: exchanges.length - 1,
    body_bytes: last.bodyBytes,
    first_byte_ms: sum(({ times }) => times.answeredMs - times.sentMs),
    transfer_ms: sum(({ times }) => times.endedMs - times.answeredMs),
    total_ms: last.times.endedMs - exchanges[0]!.times.startedMs,
  };
}
