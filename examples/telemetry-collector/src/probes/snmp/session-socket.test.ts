import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { eventually } from '../loopback.suite.js';
import { SessionSocket } from './session-socket.js';

describe('SessionSocket', () => {
  const peer = async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return socket;
  };

  it('takes nothing from anybody but the agent', async () => {
    const [agent, stranger] = [await peer(), await peer()];
    const socket = await SessionSocket.open('127.0.0.1', 4, agent.address().port);
    const heard: string[] = [];
    socket.on('message', (message: Buffer) => heard.push(message.toString()));
    agent.once('message', (_question, { port }) => {
      stranger.send('forged', port, '127.0.0.1', () => agent.send('true', port, '127.0.0.1'));
    });
    socket.send(Buffer.from('question'), 0, 8, 1, 'elsewhere.test', () => {});
    await eventually(() => heard.length > 0, 'an answer');
    expect(heard).toEqual(['true']);
    for (const one of [agent, stranger]) one.close();
    socket.close();
  });

  it('says nothing more once it is closed: a session must not begin to wait then', async () => {
    const agent = await peer();
    const socket = await SessionSocket.open('127.0.0.1', 4, agent.address().port);
    let sent = 0;
    const question = () => socket.send(Buffer.from('question'), 0, 8, 1, 'elsewhere.test', () => sent++);
    question();
    socket.close();
    question();
    socket.close();
    await once(socket, 'close');
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toBe(0);
    agent.close();
  });
});
