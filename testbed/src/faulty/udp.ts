import { createSocket, type Socket } from 'node:dgram';

/** What the socket does with a datagram: nothing, or an answer that is no answer. */
export type UdpFault = 'silent' | 'garbage';

const GARBAGE = Buffer.from([0xff, 0x00, 0x80, 0x7f, 0xff]);

/** A UDP port that takes datagrams and gives nothing useful back: a dead name server or SNMP agent. */
export class FaultyUdpServer implements AsyncDisposable {
  readonly host = '127.0.0.1';
  fault: UdpFault;
  /** Datagrams since the start. */
  received = 0;
  readonly #socket: Socket = createSocket('udp4');

  private constructor(fault: UdpFault) {
    this.fault = fault;
    this.#socket.on('message', (_datagram, from) => {
      this.received++;
      if (this.fault === 'garbage') this.#socket.send(GARBAGE, from.port, from.address);
    });
  }

  static start(fault: UdpFault): Promise<FaultyUdpServer> {
    const faulty = new FaultyUdpServer(fault);
    return new Promise((resolve, reject) => {
      faulty.#socket.once('error', reject);
      faulty.#socket.bind(0, faulty.host, () => resolve(faulty));
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Starts a UDP socket on a free loopback port that treats every datagram with `fault`. */
export function faultyUdpServer(fault: UdpFault): Promise<FaultyUdpServer> {
  return FaultyUdpServer.start(fault);
}
