import { Agent, type IncomingMessage, request } from 'node:http';

export interface ExchangeOptions {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For all of it. Default 10,000. */
  readonly timeoutMs?: number;
}

export interface Exchanged {
  readonly status: number;
  readonly text: string;
}

const agent = new Agent({ keepAlive: true });

/** One request and its whole answer, over connections that the oracle shares with nobody. */
export function exchange(url: string, options: ExchangeOptions = {}): Promise<Exchanged> {
  const { method = 'GET', timeoutMs = 10_000 } = options;
  return exchanged(url, options, AbortSignal.timeout(timeoutMs)).catch((error: Error) => {
    throw new Error(`${method} ${url}: ${error.message}`, { cause: error });
  });
}

function exchanged(url: string, options: ExchangeOptions, signal: AbortSignal): Promise<Exchanged> {
  const { method = 'GET', headers = {}, body } = options;
  return new Promise<Exchanged>((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent, signal }, (incoming) => {
      textOf(incoming).then((text) => resolve({ status: incoming.statusCode!, text }), reject);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // The server closed an idle connection while the request was on its way: it has not seen it.
      const isStale = method === 'GET' && outgoing.reusedSocket && error.code === 'ECONNRESET';
      if (isStale) exchanged(url, options, signal).then(resolve, reject);
      else reject(error);
    });
    outgoing.end(body);
  });
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = '';
  incoming.setEncoding('utf8');
  for await (const piece of incoming as AsyncIterable<string>) text += piece;
  return text;
}
