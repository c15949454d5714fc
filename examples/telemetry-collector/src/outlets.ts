import { systemClock as clock } from '@breakwater/resilience';
import type { CollectorConfig } from './config/config.js';
import type { Delivery } from './delivery/delivery.js';
import { DeliveryLog } from './delivery/delivery-log.js';
import { openDelivery } from './delivery/open.js';
import type { Logger } from './log.js';
import { openSinks } from './sinks/open.js';
import type { Sink } from './sinks/sink.js';

/** Where points go. */
export interface Outlets {
  readonly sink: Sink;
  /** The log and its lanes, where there are servers. */
  readonly delivery: Delivery | undefined;
  close(): Promise<void>;
}

export interface OpenOutletsOptions {
  config: Pick<CollectorConfig, 'files' | 'delivery'>;
  log: Logger;
}

/** Opens files and log, as configured; what they have to say goes to the collector's own log. */
export async function openOutlets({ config, log }: OpenOutletsOptions): Promise<Outlets> {
  const onNotice = (notice: string): void => log.warn(notice);
  const news = new DeliveryLog(clock, ({ level, fields, message }) => log[level](fields, message));
  const delivery = config.delivery && (await openDelivery(config.delivery, { clock, onNotice }));
  const close = async (): Promise<void> => {
    await delivery?.close();
    news[Symbol.dispose]();
  };
  try {
    const sink = await openSinks({ files: config.files, delivery: delivery?.sink, onNotice });
    return { sink, delivery, close: () => sink.close().finally(close) };
  } catch (error) {
    await close();
    throw error;
  }
}
