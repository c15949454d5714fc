import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** What the server was asked. */
export interface Asked {
  readonly name: string;
  readonly type: 'A' | 'AAAA';
  readonly over: 'udp' | 'tcp';
}

/** What it answers; nothing at all where the script returns `undefined`. */
export interface Scripted {
  /** 0 no error, 2 server failure, 3 no such name, 5 refused. */
  readonly rcode?: number;
  readonly addresses?: readonly string[];
  readonly ttlSeconds?: number;
  /** The name that the asked one is an alias of. */
  readonly alias?: string;
  /** Over UDP: nothing but the word that the answer is too long. */
  readonly truncated?: boolean;
}
type Script = (asked: Asked) => Scripted | undefined | Promise<Scripted | undefined>;

/** A name server on loopback that does as its script says, over UDP and TCP. */
export async function startDnsServer(script: Script) {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  let closing = false;
  const answerTo = async (query: Buffer, over: 'udp' | 'tcp'): Promise<Buffer | undefined> => {
    const question = parseQuestion(query, over);
    asked.push(question);
    const scripted = await script(question);
    return scripted === undefined ? undefined : encode(query, question, scripted);
  };

  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.on('data', async (data) => {
      const answer = await answerTo(data.subarray(2), 'tcp');
      if (answer !== undefined) socket.write(Buffer.concat([uint16(answer.length), answer]));
    });
  });
  const udp = createSocket('udp4');
  udp.on('message', async (query: Buffer, from: RemoteInfo) => {
    const answer = await answerTo(query, 'udp');
    if (answer !== undefined && !closing) udp.send(answer, from.port, from.address);
  });
  let port = 0;
  for (let isBound = false; !isBound; ) {
    await once(tcp.listen(0, '127.0.0.1'), 'listening');
    port = (tcp.address() as { port: number }).port;
    // What the system gives for TCP may be taken for UDP, by a look-up of another test that waits for its answer.
    isBound = await once(udp.bind(port, '127.0.0.1'), 'listening').then(
      () => true,
      () => false,
    );
    if (!isBound) await once(tcp.close(), 'close');
  }

  return {
    address: `127.0.0.1:${port}`,
    asked,
    async [Symbol.asyncDispose]() {
      closing = true;
      for (const socket of sockets) socket.destroy();
      const closed = [once(udp, 'close'), once(tcp, 'close')];
      udp.close();
      tcp.close();
      await Promise.all(closed);
    },
  };
}

function parseQuestion(query: Buffer, over: 'udp' | 'tcp'): Asked {
  const labels: string[] = [];
  let at = 12;
  while (query[at] !== 0) {
    const length = query[at]!;
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1) === 28 ? 'AAAA' : 'A', over };
}

function encode(query: Buffer, { name, type, over }: Asked, scripted: Scripted): Buffer {
  const { rcode = 0, addresses = [], ttlSeconds = 60, alias, truncated = false } = scripted;
  const cut = truncated && over === 'udp';
  const owner = alias ?? name;
  const records = cut
    ? []
    : [
        ...(alias === undefined ? [] : [record(name, 5, ttlSeconds, encodeName(alias))]),
        ...addresses.map((address) => record(owner, type === 'A' ? 1 : 28, ttlSeconds, encodeAddress(address))),
      ];
  const question = Buffer.concat([encodeName(name), uint16(type === 'A' ? 1 : 28), uint16(1)]);
  const flags = 0x8180 | (cut ? 0x0200 : 0) | rcode;
  const header = [query.subarray(0, 2), uint16(flags), uint16(1), uint16(records.length), uint16(0), uint16(0)];
  return Buffer.concat([...header, question, ...records]);
}

function record(name: string, type: number, ttlSeconds: number, data: Buffer): Buffer {
  const ttl = Buffer.alloc(4);
  ttl.writeUInt32BE(ttlSeconds);
  return Buffer.concat([encodeName(name), uint16(type), uint16(1), ttl, uint16(data.length), data]);
}

const encodeName = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')])),
    Buffer.of(0),
  ]);

function encodeAddress(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [front, back] = [groups(head), groups(tail)];
  const all = [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Buffer.concat(all.map(uint16));
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
