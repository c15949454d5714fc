import { connect } from 'node:net';

const PATIENCE_MS = 1_000;

/** Sends `request` to a loopback port and returns the first piece of the answer. */
export function ask(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`no answer on port ${port}`)));
    socket.once('error', reject);
    socket.once('end', () => reject(new Error(`port ${port} closed without an answer`)));
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(answer.toString('utf8'));
    });
  });
}

/** GETs `url` and throws unless the status is 2xx. */
export async function expectOk(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
}
