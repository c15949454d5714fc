import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** A server that listens and accepts nobody, whose backlog is full: connecting to it hangs. */
export async function startFullServer() {
  const script = `
    const { parentPort } = require('node:worker_threads');
    const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const worker = new Worker(script, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  const crowd: Socket[] = [];
  for (let index = 0; index < 8; index++) crowd.push(connect(port, '127.0.0.1').on('error', () => {}));
  await once(crowd[0]!, 'connect');
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of crowd) socket.destroy();
      await worker.terminate();
    },
  };
}
