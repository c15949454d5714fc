import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { faultyUdpServer } from './udp.js';

describe('faultyUdpServer', () => {
  it('takes datagrams in silence', async () => {
    await using server = await faultyUdpServer('silent');
    const resolver = new Resolver({ timeout: 50, tries: 1 });
    resolver.setServers([`127.0.0.1:${server.port}`]);
    await expect(resolver.resolve4('example.test')).rejects.toMatchObject({ code: 'ETIMEOUT' });
    expect(server.received).toBeGreaterThan(0);
  });

  it('answers garbage to who asked', async () => {
    await using server = await faultyUdpServer('garbage');
    const socket = createSocket('udp4');
    socket.send('anybody there?', server.port, server.host);
    const [answer] = (await once(socket, 'message')) as [Buffer];
    socket.close();
    expect(answer.length).toBeGreaterThan(0);
    expect(server.received).toBe(1);
  });
});
