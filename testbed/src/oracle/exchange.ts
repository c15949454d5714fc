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
  const { method = 'GET', headers = {}, body, timeoutMs = 10_000 } = options;
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise<Exchanged>((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent, signal }, (incoming) => {
      textOf(incoming).then((text) => resolve({ status: incoming.statusCode!, text }), reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  }).catch((error: Error) => {
    throw new Error(`${method} ${url}: ${error.message}`, { cause: error });
  });
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = '';
  incoming.setEncoding('utf8');
  for await (const piece of incoming as AsyncIterable<string>) text += piece;
  return text;
}
