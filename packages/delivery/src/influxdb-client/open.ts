import { ConfigError } from '@breakwater/resilience';
import type { WritePrecisionType } from '@influxdata/influxdb-client';
import { httpBackend } from '../backend/http-backend.js';
import { openSpool } from '../spool/open.js';
import type { Spool, SpoolOptions } from '../spool/spool.js';
import { DurableWriteApi } from './durable-write-api.js';
import type { DurableWriteOptions } from './options.js';

export interface OpenDurableWriteOptions
  extends Omit<SpoolOptions, 'backends'>,
    Omit<DurableWriteOptions, 'spool' | 'precision' | 'clock' | 'random'> {
  /** The server, or several: each gets every point. */
  readonly url: string | readonly string[];
  /** For all of them; on 1.x `user:password`. */
  readonly token?: string;
  readonly precision?: WritePrecisionType;
  /** How long `close` waits for the servers, in milliseconds; what is left then is delivered when the folder is opened again. Default 10,000. */
  readonly closeTimeoutMs?: number;
}

const DEFAULT_CLOSE_TIMEOUT_MS = 10_000;

/** A write API with a spool of its own, which it closes. */
class SpoolingWriteApi extends DurableWriteApi {
  readonly spool: Spool;
  readonly #closeTimeoutMs: number;
  #closed: Promise<void> | undefined;

  constructor(spool: Spool, options: Omit<DurableWriteOptions, 'spool'>, closeTimeoutMs: number) {
    super({ ...options, spool });
    this.spool = spool;
    this.#closeTimeoutMs = closeTimeoutMs;
  }

  /** Also delivers, as far as the servers take it in time, and closes the spool. */
  override close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      await super.close();
      await this.spool.drain({ deliverMs: this.#closeTimeoutMs, timeoutMs: this.#closeTimeoutMs });
    } finally {
      await this.spool.close();
    }
  }
}

/**
 * Opens a spool in a folder and a write API on it.
 * @throws ConfigError for options that cannot be used.
 */
export async function openDurableWriteApi(
  options: OpenDurableWriteOptions,
): Promise<DurableWriteApi & { readonly spool: Spool }> {
  const { url, token, org, bucket, precision, writeOptions, maxBufferBytes, closeTimeoutMs, ...spooling } = options;
  const closeMs = closeTimeoutMs ?? DEFAULT_CLOSE_TIMEOUT_MS;
  if (!(closeMs >= 0 && Number.isFinite(closeMs))) {
    throw new ConfigError(`openDurableWriteApi: closeTimeoutMs is ${closeMs}; it must be a number of at least 0`);
  }
  const { clock, random } = spooling;
  const common = { ...(clock && { clock }) };
  const urls = typeof url === 'string' ? [url] : url;
  const backends = urls.map((each) =>
    httpBackend({ url: each, org, bucket, ...(token !== undefined && { token }), ...common }),
  );
  const spool = await openSpool({ ...spooling, backends });
  const writing = {
    org,
    bucket,
    ...(precision && { precision }),
    ...(writeOptions && { writeOptions }),
    ...(maxBufferBytes !== undefined && { maxBufferBytes }),
    ...(random && { random }),
    ...common,
  };
  try {
    return new SpoolingWriteApi(spool, writing, closeMs);
  } catch (error) {
    // Nobody else could give the folder up.
    await spool.close();
    throw error;
  }
}
