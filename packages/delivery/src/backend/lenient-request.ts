import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Clock } from '@breakwater/resilience';
import { connectSocket, type NameLookup } from '@breakwater/resilience/http';
import { errors } from 'undici';
import type { ResponseData } from './http-answer.js';

interface PreparedRequest {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly path: string;
  readonly method: 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
}

/** Whether an answer was no HTTP by the letter. */
export const isUnreadable = (error: unknown): boolean => error instanceof errors.HTTPParserError;

/**
 * Sends a request over a socket of its own, and takes control characters in the answer's head as they come: InfluxDB 1.x
 * repeats the line that it refuses in a header, whatever is in it, and no strict parser reads the status of that answer.
 */
export async function lenientRequest<T>(
  { origin, path, method, headers, body, signal }: PreparedRequest,
  { nameLookup, clock }: { readonly nameLookup: NameLookup; readonly clock: Clock },
  read: (answer: ResponseData) => Promise<T>,
): Promise<T> {
  const { protocol, host, hostname, port } = new URL(origin);
  const isTls = protocol === 'https:';
  const { socket } = await connectSocket({
    host: hostname,
    port: port === '' ? (isTls ? 443 : 80) : Number(port),
    nameLookup,
    clock,
    signal,
    ...(isTls ? { tls: { ALPNProtocols: ['http/1.1'] } } : {}),
  });
  // What happens to it ends the request, or the body.
  socket.on('error', () => {});
  try {
    const request = httpRequest({
      createConnection: () => socket,
      insecureHTTPParser: true,
      path,
      method,
      headers: { ...headers, host, 'content-length': body.length },
      signal,
    });
    request.on('error', () => {});
    request.end(body);
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    return await read({ statusCode: answer.statusCode!, headers: answer.headers, body: answer });
  } finally {
    socket.destroy();
  }
}
