import type { Varbind } from 'net-snmp';
import type { SnmpTarget } from '../targets/target.js';
import { authority } from './authority.js';
import type { ProbeEdges } from './edges.js';
import { type Probe, ProbeError, type ProbeOperation, type Reading } from './probe.js';
import { type RunLimit, runWithin } from './run-limit.js';
import { toAccess } from './snmp/access.js';
import type { AgentTime } from './snmp/agent-time.js';
import { InterfaceWalk } from './snmp/interface-walk.js';
import { SnmpSession } from './snmp/session.js';
import { TooBigError } from './snmp/session-error.js';
import { SubtreeWalk } from './snmp/subtree-walk.js';
import { TableWalk, type WalkReader } from './snmp/table-walk.js';
import { INTERFACE_TABLES, isTableName } from './snmp/tables.js';
import { toNumber, toText } from './snmp/values.js';

export type SnmpProbeOptions = Pick<SnmpTarget, 'host' | 'port' | 'credentials' | 'walk'> & {
  /** A larger table is an error. Default 10,000. */
  readonly maxRows?: number;
};

type Edges = Pick<ProbeEdges, 'nameLookup' | 'clock'>;

const SYS_UP_TIME = '1.3.6.1.2.1.1.3';
const SYS_NAME = '1.3.6.1.2.1.1.5';
const DEFAULT_MAX_ROWS = 10_000;
/** Rows to ask for at once: with fifteen columns about 2.5 kB, and an agent may always answer less. */
const REPETITIONS = 10;

/** An SNMP agent: uptime and name, and what is to be walked, each in an operation of its own. */
export class SnmpProbe implements Probe {
  readonly kind = 'snmp';
  readonly operations: readonly ProbeOperation[];
  readonly #options: SnmpProbeOptions;
  readonly #edges: Edges;
  /** What the target is called in messages. */
  readonly #host: string;

  constructor(options: SnmpProbeOptions, edges: Edges) {
    this.#options = options;
    this.#edges = edges;
    this.#host = authority(options.host, options.port);
    const walks = options.walk.map((walk) =>
      isTableName(walk)
        ? this.#walking(walk, walk, new InterfaceWalk(INTERFACE_TABLES[walk]))
        : this.#walking(`walk_${walk.replaceAll('.', '_')}`, walk, new SubtreeWalk(walk)),
    );
    this.operations = [this.#operation('system', (session) => this.#readSystem(session)), ...walks];
  }

  #operation(name: string, measure: (session: SnmpSession) => Promise<Reading[]>): ProbeOperation {
    const run = async (limit: RunLimit) => {
      const session = await this.#open(limit);
      try {
        return await measure(session);
      } finally {
        session.close();
      }
    };
    return { name, run: (context) => runWithin(context, this.#edges.clock, this.#host, run) };
  }

  /** Only addresses reach net-snmp: its own look-ups could not be ended, and would take the disk's threads. */
  async #open(limit: RunLimit): Promise<SnmpSession> {
    const { host, port, credentials } = this.#options;
    limit.stage = 'looking up its name';
    const found = await this.#edges.nameLookup.lookup(host, { signal: limit.signal, deadline: limit.deadline });
    const first = found[0];
    if (first === undefined) throw new ProbeError('dns', `${this.#host}: its name has no address`);
    limit.stage = 'waiting for its SNMP agent, which may not answer a wrong community or key';
    return SnmpSession.open({ host: this.#host, port, ...first }, toAccess(credentials), limit);
  }

  async #readSystem(session: SnmpSession): Promise<Reading[]> {
    const [upTime, sysName] = await session.get([`${SYS_UP_TIME}.0`, `${SYS_NAME}.0`]);
    const name = toText(sysName);
    const fields = { uptime_seconds: this.#ticks(upTime) / 100, ...(name !== undefined && { name }) };
    return [{ measurement: 'snmp_system', tags: {}, fields }];
  }

  #ticks(upTime: Varbind | undefined): number {
    const ticks = upTime?.oid === `${SYS_UP_TIME}.0` ? toNumber(upTime) : undefined;
    if (ticks !== undefined) return ticks;
    throw this.#hidden('sysUpTime');
  }

  #hidden(what: string): ProbeError {
    return new ProbeError('failed', `${this.#host}: its SNMP agent does not show ${what}; check its view`);
  }

  #walking(name: string, what: string, reader: WalkReader): ProbeOperation {
    const { maxRows = DEFAULT_MAX_ROWS } = this.#options;
    return this.#operation(name, async (session) => {
      const walk = new TableWalk<AgentTime>(this.#host, reader.entry, reader.columns, maxRows);
      let repetitions = REPETITIONS;
      while (!walk.done) {
        try {
          await this.#step(session, walk, repetitions);
        } catch (error) {
          if (!(error instanceof TooBigError) || repetitions === 1) throw error;
          repetitions = Math.ceil(repetitions / 2);
        }
      }
      const readings = reader.read(walk.rows);
      if (readings.length === 0) throw this.#hidden(`anything of ${what}`);
      return readings;
    });
  }

  /** Each answer carries sysUpTime too, so that every counter is stamped by the agent itself. */
  async #step(session: SnmpSession, walk: TableWalk<AgentTime>, repetitions: number): Promise<void> {
    const [upTime, ...columns] = await session.getBulk([SYS_UP_TIME, ...walk.next()], 1, repetitions);
    const stamp = { ticks: this.#ticks([upTime].flat()[0]), atMs: this.#edges.clock.now() };
    walk.take(
      columns.map((list) => [list].flat()),
      stamp,
    );
  }
}
