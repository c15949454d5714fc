import { randomUUID } from 'node:crypto';
import { httpBackend, openSpool } from '@breakwater/delivery';
import { type Clock, ConfigError } from '@breakwater/resilience';
import { nameLookup } from '@breakwater/resilience/http';
import type { DeliveryConfig } from '../config/delivery.js';
import { Delivery } from './delivery.js';
import { handOverOf } from './hand-over.js';

export interface OpenDeliveryOptions {
  clock: Clock;
  /** Told what an operator should know, in a line. */
  onNotice: (notice: string) => void;
}

/**
 * Opens the log, with a lane to each server.
 * @throws ConfigError for a setting or a folder that cannot be used.
 */
export async function openDelivery(config: DeliveryConfig, options: OpenDeliveryOptions): Promise<Delivery> {
  const { servers, spool, timeoutMs, org, bucket, token } = config;
  const dns = nameLookup({ name: 'delivery', ...config.dns });
  const backends = servers.map((url) => httpBackend({ url, org, bucket, token, timeoutMs, dns }));
  const instance = randomUUID();
  return new Delivery({
    spool: await usable(spool.directory, () => openSpool({ ...spool, backends, timeoutMs })),
    config,
    handOver: handOverOf(config, instance, dns),
    instance,
    measured: [dns],
    ...options,
  });
}

/** A folder that cannot be made, read or written is a wrong setting: no stack is needed to mend it. */
async function usable<T>(directory: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const { syscall, code = '', message } = error as NodeJS.ErrnoException;
    if (syscall === undefined && !code.startsWith('ERR_DELIVERY_')) throw error;
    throw new ConfigError(`SPOOL_DIR: ${directory} cannot be used: ${message}`);
  }
}
