import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { exchange } from './exchange.js';

it('asks once more where an idle connection was closed as the request was on its way, and writes nothing twice', async () => {
  let requests = 0;
  const server = createServer((socket) => {
    let answered = 0;
    socket.on('data', () => {
      requests++;
      if (answered++ > 0) socket.resetAndDestroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    for (let round = 0; round < 2; round++) expect(await exchange(url)).toEqual({ status: 200, text: 'ok' });
    expect(requests).toBe(3);
    await expect(exchange(url, { method: 'POST', body: 'a' })).rejects.toThrow(/POST .*: .*ECONNRESET|socket hang up/);
    expect(requests).toBe(4);
  } finally {
    server.close();
  }
});
