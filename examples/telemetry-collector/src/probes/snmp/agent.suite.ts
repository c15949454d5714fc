import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import snmp from 'net-snmp';

const { MaxAccess, MibProviderType, ObjectType } = snmp;

export const AUTH_KEY = 'an-auth-pass-phrase';
export const PRIV_KEY = 'a-priv-pass-phrase';

/** One interface, as both tables show it. */
export interface FakeInterface {
  index: number;
  descr: string;
  speed: number;
  operStatus: number;
  inOctets: number;
  outOctets: number;
  hcInOctets: bigint;
  discontinuity: number;
}

interface Agent {
  getMib(): Mib;
  getAuthorizer(): { addCommunity(community: string): void; addUser(user: object): void };
  registerProvider(provider: object): void;
  close(): void;
}
interface Mib {
  setScalarValue(name: string, value: number | string): void;
  addTableRow(name: string, row: unknown[]): void;
  deleteTableRow(name: string, index: unknown[]): void;
}

const IF_COLUMNS = [
  ['ifIndex', 1, ObjectType.Integer],
  ['ifDescr', 2, ObjectType.OctetString],
  ['ifSpeed', 5, ObjectType.Gauge],
  ['ifAdminStatus', 7, ObjectType.Integer],
  ['ifOperStatus', 8, ObjectType.Integer],
  ['ifInOctets', 10, ObjectType.Counter],
  ['ifOutOctets', 16, ObjectType.Counter],
] as const;
const IFX_COLUMNS = [
  ['ifName', 1, ObjectType.OctetString],
  ['ifHCInOctets', 6, ObjectType.Counter64],
  ['ifHighSpeed', 15, ObjectType.Gauge],
  ['ifAlias', 18, ObjectType.OctetString],
  ['ifCounterDiscontinuityTime', 19, ObjectType.TimeTicks],
] as const;

/** A real SNMP agent (net-snmp's) on a loopback port, for v2c and v3, whose interfaces a test sets. */
export class FakeAgent {
  readonly host = '127.0.0.1';
  received = 0;
  readonly #agent: Agent;
  readonly #socket: Socket;
  #shown: number[] = [];

  private constructor(agent: Agent, socket: Socket) {
    this.#agent = agent;
    this.#socket = socket;
    socket.on('message', () => this.received++);
  }

  /** `shy`: it shows nothing of the system group but sysServices. */
  static async start({ shy = false } = {}): Promise<FakeAgent> {
    const socket = createSocket('udp4');
    const bind = socket.bind.bind(socket) as (port: number, address: string) => Socket;
    // An agent has no other way to be given a free port.
    Object.assign(socket, { bind: () => bind(0, '127.0.0.1') });
    const listening = once(socket, 'listening');
    const agent = snmp.createAgent({ dgramModule: { createSocket: () => socket } }, () => {}) as Agent;
    await listening;
    agent.getAuthorizer().addCommunity('public');
    agent.getAuthorizer().addUser({
      name: 'telemetry',
      level: snmp.SecurityLevel.authPriv,
      authProtocol: snmp.AuthProtocols.sha256,
      authKey: AUTH_KEY,
      privProtocol: snmp.PrivProtocols.aes,
      privKey: PRIV_KEY,
    });
    if (shy) agent.registerProvider(scalar('sysServices', '1.3.6.1.2.1.1.7', ObjectType.Integer));
    else {
      agent.registerProvider(scalar('sysUpTime', '1.3.6.1.2.1.1.3', ObjectType.TimeTicks));
      agent.registerProvider(scalar('sysName', '1.3.6.1.2.1.1.5', ObjectType.OctetString));
    }
    agent.registerProvider(table('ifEntry', '1.3.6.1.2.1.2.2.1', IF_COLUMNS));
    agent.registerProvider(table('ifXEntry', '1.3.6.1.2.1.31.1.1.1', IFX_COLUMNS, 'ifEntry'));
    if (shy) agent.getMib().setScalarValue('sysServices', 72);
    else agent.getMib().setScalarValue('sysName', 'core-sw1');
    return new FakeAgent(agent, socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Hundredths of a second. */
  set upTime(ticks: number) {
    this.#agent.getMib().setScalarValue('sysUpTime', ticks);
  }

  set interfaces(interfaces: readonly FakeInterface[]) {
    const mib = this.#agent.getMib();
    for (const index of this.#shown) {
      mib.deleteTableRow('ifEntry', [index]);
      mib.deleteTableRow('ifXEntry', [index]);
    }
    for (const one of interfaces) {
      mib.addTableRow('ifEntry', [one.index, one.descr, one.speed, 1, one.operStatus, one.inOctets, one.outOctets]);
      const octets = Buffer.alloc(8);
      octets.writeBigUInt64BE(one.hcInOctets);
      mib.addTableRow('ifXEntry', [one.index, one.descr, octets, one.speed / 1e6, 'to the roof', one.discontinuity]);
    }
    this.#shown = interfaces.map(({ index }) => index);
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#agent.close();
    await closed;
  }
}

const scalar = (name: string, oid: string, scalarType: number) => ({
  name,
  type: MibProviderType.Scalar,
  oid,
  scalarType,
  maxAccess: MaxAccess['read-only'],
  defVal: scalarType === ObjectType.OctetString ? '' : 0,
});

function table(
  name: string,
  oid: string,
  columns: ReadonlyArray<readonly [string, number, number]>,
  foreign?: string,
): object {
  const index = foreign === undefined ? { columnName: 'ifIndex' } : { columnName: 'ifIndex', foreign };
  return {
    name,
    type: MibProviderType.Table,
    oid,
    maxAccess: MaxAccess['not-accessible'],
    tableColumns: columns.map(([column, number, type]) => ({
      name: column,
      number,
      type,
      maxAccess: MaxAccess['read-only'],
    })),
    tableIndex: [index],
  };
}
