import { connect } from 'node:net';

const PATIENCE_MS = 10_000;

/** The first piece of what a Redis or a Sentinel on that port answers, which is all of it: it is short. */
export function askRedis(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`no answer on port ${port}`)));
    socket.once('error', reject);
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(answer.toString());
    });
  });
}
