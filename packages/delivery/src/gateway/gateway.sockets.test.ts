import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { settle } from '@breakwater/resilience/testing';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryIntake } from '../intake/memory-intake.suite.js';
import { writeGateway } from './gateway.js';
import { GatewayMeter } from './metrics.js';

const LINE = 'm f=1 1';

describe('the write gateway on a raw socket', () => {
  let app: FastifyInstance;
  let intake: MemoryIntake;
  let meter: GatewayMeter;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    intake = new MemoryIntake();
    meter = new GatewayMeter();
    app = Fastify();
    await app.register(writeGateway, { intake, instance: 'me', meter, maxBodyBytes: 100_000 });
    await app.listen();
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await app.close();
  });

  const dial = async (to = app) => {
    const socket = connect((to.server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket);
    let text = '';
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
    });
    socket.on('error', () => {});
    await once(socket, 'connect');
    const until = async (found: () => boolean) => {
      while (!found()) await settle();
    };
    return { socket, got: () => text, saw: (words: string) => until(() => text.includes(words)) };
  };
  const counted = (name: string, label?: string) => {
    let sum = 0;
    meter.measure((definition, { outcome }, value) => {
      if (definition.name === name && outcome === label) sum = value as number;
    });
    return sum;
  };
  const outcome = (label: string) => counted('delivery_gateway_requests_total', label);
  const until = async (found: () => boolean) => {
    while (!found()) await settle();
  };
  const head = (...headers: string[]) => `POST /write?db=t HTTP/1.1\r\nHost: a\r\n${headers.join('\r\n')}\r\n\r\n`;

  it.each([
    ['shorter than it said', head('Content-Length: 100'), LINE],
    ['in chunks without an end', head('Transfer-Encoding: chunked'), `7\r\n${LINE}\r\n`],
    ['in gzip that is shorter than it said', head('Content-Length: 1000', 'Content-Encoding: gzip'), gzipSync(LINE)],
  ])('accepts nothing of a body that is %s', async (_what, header, body) => {
    for (const end of ['end', 'destroy', 'resetAndDestroy'] as const) {
      const received = counted('delivery_gateway_received_bytes_total');
      const aborted = outcome('aborted');
      const { socket } = await dial();
      socket.write(header);
      socket.write(body);
      await until(() => counted('delivery_gateway_received_bytes_total') > received);
      socket[end]();
      await until(() => outcome('aborted') > aborted);
      expect(intake.offers).toEqual([]);
      expect(counted('delivery_gateway_body_bytes')).toBe(0);
    }
  });

  it('holds nothing for a client that went while a hook of the host was at work', async () => {
    const slow = Fastify();
    let goOn = () => {};
    const hook = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    slow.addHook('onRequest', () => hook);
    await slow.register(writeGateway, { intake, instance: 'me', meter });
    await slow.listen();
    const requested = once(slow.server, 'request');
    const { socket } = await dial(slow);
    socket.write(`${head('Content-Length: 100')}${LINE}`);
    const [, response] = await requested;
    socket.destroy();
    await once(response, 'close');
    goOn();
    await until(() => outcome('aborted') === 1);
    expect(counted('delivery_gateway_body_bytes')).toBe(0);
    await slow.close();
  });

  it('goes on after a body that is longer than it said', async () => {
    const { socket, saw, got } = await dial();
    socket.write(`${head(`Content-Length: ${LINE.length}`)}${LINE}\n${LINE}`);
    await saw('400 Bad Request');
    expect(got()).toMatch(/^HTTP\/1.1 (204|400) /);
    const next = await dial();
    next.socket.write(`${head(`Content-Length: ${LINE.length}`)}${LINE}`);
    await next.saw('204 No Content');
  });

  it.each(['nonsense', '5\r\nab', `ffffffffffffffffff\r\n${LINE}`])(
    'survives chunks that are none: %j',
    async (chunks) => {
      const { socket, saw } = await dial();
      socket.write(head('Transfer-Encoding: chunked') + chunks);
      socket.end();
      await saw('400 Bad Request').catch(() => {});
      expect(intake.offers).toEqual([]);
    },
  );

  it('answers 413 in the middle of an upload, and holds none of it', async () => {
    const { socket, saw } = await dial();
    socket.write(head('Transfer-Encoding: chunked'));
    const chunk = 'x'.repeat(50_000);
    for (let sent = 0; sent < 4; sent++) socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    await saw('413 Payload Too Large');
    expect(counted('delivery_gateway_body_bytes')).toBe(0);
    socket.write(`0\r\n\r\n${head(`Content-Length: ${LINE.length}`)}${LINE}`);
    await saw('204 No Content');
    expect(intake.lines).toEqual([LINE]);
  });

  it('answers 413 to a length that is too much, before the body', async () => {
    const { socket, saw } = await dial();
    socket.write(head('Content-Length: 100001'));
    await saw('413 Payload Too Large');
    expect(counted('delivery_gateway_received_bytes_total')).toBe(0);
  });

  it('gives up for a client that has gone, while intake waits for room', async () => {
    let signal: AbortSignal | undefined;
    intake.accept = (offer) => {
      signal = offer.signal;
      return new Promise(() => {});
    };
    const { socket } = await dial();
    socket.write(`${head(`Content-Length: ${LINE.length}`)}${LINE}`);
    await until(() => signal !== undefined);
    expect(signal!.aborted).toBe(false);
    socket.destroy();
    await until(() => signal!.aborted);
  });
});
