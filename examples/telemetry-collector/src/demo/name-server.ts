import { createSocket } from 'node:dgram';
import type { Service } from './service.js';

const HEADER_LENGTH = 12;
const TYPE_A = 1;

/**
 * Answers one DNS question (RFC 1035): the address for an A query of `name`, no such name (rcode 3) for any other.
 * Undefined for what is no query with one plain question.
 */
export function answerQuery(
  query: Buffer,
  name: string,
  address: readonly [number, number, number, number],
): Buffer | undefined {
  if (query.length < HEADER_LENGTH || (query[2]! & 0x80) !== 0 || query.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = HEADER_LENGTH;
  for (let length = query[at]; length !== 0; length = query[at]) {
    if (length === undefined || length > 63 || at + 1 + length >= query.length) return undefined;
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5;
  if (query.length < end) return undefined;
  const known = labels.join('.').toLowerCase() === name;
  const answered = known && query.readUInt16BE(at + 1) === TYPE_A;
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt16BE(query.readUInt16BE(0), 0);
  // Answer, authoritative, with the query's wish for recursion, which is available.
  header.writeUInt16BE(0x8480 | ((query[2]! & 1) << 8) | (known ? 0 : 3), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answered ? 1 : 0, 6);
  const question = query.subarray(HEADER_LENGTH, end);
  // The name by a pointer to the question, type A, class IN, 60 s to live, four bytes of address.
  const answer = answered
    ? Buffer.from([0xc0, HEADER_LENGTH, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4, ...address])
    : Buffer.alloc(0);
  return Buffer.concat([header, question, answer]);
}

/** A name server on loopback that knows one name. */
export async function startNameServer(name: string): Promise<Service> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const answer = answerQuery(query, name, [127, 0, 0, 1]);
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', resolve);
  });
  return { port: socket.address().port, stop: () => new Promise((resolve) => socket.close(resolve)) };
}
