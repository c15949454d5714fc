import { rootCertificates } from 'node:tls';
import { type HandOver, handOverTo } from '@breakwater/delivery';
import { httpPool, type NameLookup } from '@breakwater/resilience/http';
import type { DeliveryConfig } from '../config/delivery.js';

const MAX_CONNECTIONS = 4;

/** What brings to the peers what a drain leaves; undefined: it stays in the log. */
export function handOverOf(
  { handOver, timeoutMs }: Pick<DeliveryConfig, 'handOver' | 'timeoutMs'>,
  instance: string,
  nameLookup: NameLookup,
): HandOver | undefined {
  if (handOver === undefined) return undefined;
  const { url, token, ca } = handOver;
  const dispatcher = httpPool({
    name: 'hand-over',
    maxConnections: MAX_CONNECTIONS,
    nameLookup,
    ...(ca !== undefined && { tls: { ca: [...rootCertificates, ca] } }),
  });
  return handOverTo({ url, instance, timeoutMs, dispatcher, ...(token !== undefined && { token }) });
}
