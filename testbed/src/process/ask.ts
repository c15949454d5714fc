import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const PATIENCE_MS = 5_000;

/** Sends `request` to a loopback port and returns the first piece of the answer. */
export function ask(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = open(port, (to) => to.write(request), reject);
    socket.once('end', () => reject(new Error(`port ${port} closed without an answer`)));
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(answer.toString('utf8'));
    });
  });
}

/** Sends `request` and that nothing follows, in TLS when there is a root to trust, and returns all of the answer. */
export function askForAll(port: number, request: string, ca?: string, host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = open(port, (to) => to.end(request), reject, ca, host);
    socket.setEncoding('utf8');
    socket.on('data', (piece) => {
      answer += piece;
    });
    socket.once('end', () => resolve(answer));
  });
}

function open(
  port: number,
  send: (to: Socket) => void,
  failed: (error: Error) => void,
  ca?: string,
  host = '127.0.0.1',
): Socket {
  const address = { port, host };
  const say = () => send(socket);
  const socket: Socket = ca === undefined ? connect(address, say) : connectTls({ ...address, ca }, say);
  socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`no answer on port ${port}`)));
  socket.once('error', failed);
  return socket;
}

/** GETs `url` and throws unless the status is 2xx. */
export async function expectOk(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
}
