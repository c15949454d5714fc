import type { Answer, SendRequest } from '../backend/backend.js';
import type { Connect } from './reconcile.js';

/** The least that sends lines to a 1.x server. */
export const plainBackend: Connect = ({ url }) => ({
  id: url,
  async send({ destination, body }: SendRequest): Promise<Answer> {
    const [db = '', rp] = destination.bucket.split('/');
    const query = new URLSearchParams({ db, ...(rp === undefined ? {} : { rp }) });
    const response = await fetch(`${url}/write?${query}`, { method: 'POST', body: Buffer.concat(body) });
    const words = await response.text();
    if (response.ok) return { kind: 'stored' };
    if (response.status === 400) return { kind: 'bad-lines', words };
    return { kind: 'hold', reason: 'server-error', words, scope: 'backend', mayBeStored: false };
  },
  close: async () => {},
});
