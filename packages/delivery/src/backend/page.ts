import type { Dispatcher } from 'undici';

/** The beginning of a body as text; what comes after `maxBytes` costs the connection. */
export async function beginning(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) break;
  }
  return Buffer.concat(chunks, bytes).toString('utf8', 0, maxBytes);
}

/** The first value of a header. */
export function header({ headers }: Dispatcher.ResponseData, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
