import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { freePort } from '@breakwater/testbed';

export interface Scripted {
  /** 0 no error, 2 server failure, 3 no such name, 5 refused. */
  readonly rcode?: number;
  /** The data of each record, and for how many seconds it may be kept. */
  readonly records?: ReadonlyArray<{ data: Buffer; ttl?: number }>;
  /** Over UDP: nothing but the word that the answer is too long. */
  readonly truncated?: boolean;
}

/** A name server on loopback that answers every question as scripted: nothing at all without a script. */
export class ScriptedNameServer {
  readonly asked: Array<{ name: string; over: 'udp' | 'tcp' }> = [];
  script: Scripted | undefined;
  readonly #udp = createSocket('udp4');
  readonly #sockets = new Set<Socket>();
  readonly #tcp = createServer((socket) => {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    socket.on('data', (data) => {
      const answer = this.#answer(data.subarray(2), 'tcp');
      if (answer !== undefined) socket.write(Buffer.concat([uint16(answer.length), answer]));
    });
  });

  static async start(script?: Scripted): Promise<ScriptedNameServer> {
    const server = new ScriptedNameServer();
    server.script = script;
    // What the system gives for TCP may be taken for UDP, by a look-up of another test that waits for its answer.
    await once(server.#tcp.listen(await freePort(), '127.0.0.1'), 'listening');
    server.#udp.on('message', (query, from) => {
      const answer = server.#answer(query, 'udp');
      if (answer !== undefined) server.#udp.send(answer, from.port, from.address);
    });
    await once(server.#udp.bind(server.port, '127.0.0.1'), 'listening');
    return server;
  }

  get port(): number {
    return (this.#tcp.address() as { port: number }).port;
  }

  /** TCP connections; of UDP there is nothing to be seen from here. */
  get open(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = [once(this.#tcp.close(), 'close'), once(this.#udp.close(), 'close')];
    await Promise.all(closed);
  }

  #answer(query: Buffer, over: 'udp' | 'tcp'): Buffer | undefined {
    const end = query.indexOf(0, 12) + 1;
    this.asked.push({ name: readName(query), over });
    if (this.script === undefined) return undefined;
    const { rcode = 0, truncated = false } = this.script;
    const cut = truncated && over === 'udp';
    const records = cut ? [] : (this.script.records ?? []);
    const type = query.readUInt16BE(end);
    const flags = 0x8580 | (cut ? 0x0200 : 0) | rcode;
    const counts = [uint16(1), uint16(records.length), uint16(0), uint16(0)];
    return Buffer.concat([
      query.subarray(0, 2),
      uint16(flags),
      ...counts,
      query.subarray(12, end + 4),
      ...records.map(({ data, ttl = 60 }) =>
        // c00c points at the name in the question.
        Buffer.concat([uint16(0xc00c), uint16(type), uint16(1), uint32(ttl), uint16(data.length), data]),
      ),
    ]);
  }
}

function readName(query: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; query[at] !== 0; at += 1 + query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
  }
  return labels.join('.');
}

export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export const nameBytes = (name: string): Buffer =>
  Buffer.concat([...name.split('.').flatMap((label) => [Buffer.of(label.length), Buffer.from(label)]), Buffer.of(0)]);
