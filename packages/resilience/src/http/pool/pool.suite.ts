import type { Dispatcher } from 'undici';
import { request } from 'undici';
import { RejectedError } from '../../core/errors.js';
import { collect } from '../../metrics/collect.js';
import type { Labels } from '../../metrics/definition.js';
import { type HttpPool, type HttpPoolOptions, httpPool } from './http-pool.js';

/** A pool that is destroyed at the end of its scope. */
export const withPool = (options?: HttpPoolOptions): HttpPool & AsyncDisposable =>
  Object.assign(httpPool(options), {
    async [Symbol.asyncDispose](this: HttpPool) {
      await this.destroy();
    },
  });

export const get = async (
  url: string,
  dispatcher: Dispatcher,
  options: Partial<Dispatcher.RequestOptions> & { deadline?: number } = {},
): Promise<string> => (await request(url, { ...options, dispatcher } as object)).body.text();

/** The reason of a rejection, the code of any other error; or what was answered. */
export const outcome = (answer: Promise<string>): Promise<string> =>
  answer.catch((error: Error & { code?: string }) =>
    error instanceof RejectedError ? error.reason : (error.code ?? error.message),
  );

/** A metric's values by the rest of their labels: `{ '': 3 }`, or `{ idle: 1, busy: 2 }`. Zeros are left out. */
export function metric(pool: HttpPool, name: string): Record<string, number> {
  const [, samples] = [...collect([pool])].find(([definition]) => definition.name === `connection_pool_${name}`)!;
  const labelled = ({ policy: _policy, ...labels }: Labels) => Object.values(labels).join(' ');
  return Object.fromEntries(
    samples.filter(({ value }) => value !== 0).map(({ labels, value }) => [labelled(labels), value as number]),
  );
}
