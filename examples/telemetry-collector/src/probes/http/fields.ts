import { toMicroseconds } from '../microseconds.js';
import type { FieldValue } from '../probe.js';
import type { Exchange, ExchangeTimes } from './exchange.js';

const DAY_MS = 86_400_000;

/** The fields of a request that took one exchange or, with redirects, several: their times are sums. */
export function fieldsOf(exchanges: readonly Exchange[], nowMs: number): Record<string, FieldValue> {
  const { status, bodyBytes, certificateEndsMs } = exchanges.at(-1)!;
  const sum = (part: keyof ExchangeTimes) =>
    toMicroseconds(exchanges.reduce((total, { times }) => total + times[part], 0));
  return {
    status,
    redirects: exchanges.length - 1,
    body_bytes: bodyBytes,
    reused: exchanges.every(({ reused }) => reused),
    wait_ms: sum('waitMs'),
    lookup_ms: sum('lookupMs'),
    connect_ms: sum('tcpMs'),
    tls_ms: sum('tlsMs'),
    first_byte_ms: sum('firstByteMs'),
    transfer_ms: sum('transferMs'),
    total_ms: sum('totalMs'),
    ...(certificateEndsMs !== undefined && { certificate_days: (certificateEndsMs - nowMs) / DAY_MS }),
  };
}
