import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type FaultProxy, faultProxy } from '../faulty/proxy.js';
import { sentAgainAfterSuccess } from '../faulty/proxy-writes.js';
import { freePort } from '../process/ports.js';
import type { RunningServer } from '../server.js';
import { startServer } from '../start.js';
import { CollectorProcess } from './collector-process.js';
import { type Judgement, judge, storedInInflux, storedInVictoria } from './judge.js';
import { imbalances, type Ledger, ledgerOf } from './ledger.js';
import { Producer, type ProducerOptions } from './producer.js';

export type BackendKind = 'influxdb' | 'victoria-metrics';

export interface RigBackend {
  readonly kind: BackendKind;
  readonly server: RunningServer & { readonly url: string };
  /** Between the collector and the server. */
  readonly proxy: FaultProxy;
}

export interface RigOptions {
  /** The built collector. */
  main: string;
  backends: readonly BackendKind[];
  /** Collectors; the first is what the producer writes to. Default 1. */
  collectors?: number;
  env?: Readonly<Record<string, string>>;
  producer?: Partial<ProducerOptions>;
  /** Where the logs are; default: in the rig's folder. */
  spool?: string;
  /** A HAProxy in front of the collectors, which they hand over to when they drain. Default false. */
  hasFront?: boolean;
  /** Default true: every write is kept, so that points which were sent again can be counted. */
  isRecording?: boolean;
}

const RECORD_BYTES = 512 * 1024 * 1024;
const LOOK_MS = 100;
/** After so many looks, a quarter of a second apart, what a VictoriaMetrics does not show is not there. */
const VISIBLE_AFTER_LOOKS = 240;

/** Real servers, each behind a proxy with faults, collectors in front of them, and a producer that knows what was accepted. */
export class Rig implements AsyncDisposable {
  readonly folder: string;
  readonly backends: readonly RigBackend[];
  readonly collectors: readonly CollectorProcess[];
  readonly producer: Producer;
  /** What did not add up at any of the looks at the ledgers. */
  readonly imbalances: string[] = [];
  /** How often the ledgers were looked at. */
  looks = 0;
  readonly #front: RunningServer | undefined;
  #isLooking = true;
  readonly #looking: Promise<void>;

  private constructor(
    folder: string,
    backends: RigBackend[],
    collectors: CollectorProcess[],
    producer: Producer,
    front: RunningServer | undefined,
  ) {
    this.#front = front;
    this.folder = folder;
    this.backends = backends;
    this.collectors = collectors;
    this.producer = producer;
    this.#looking = this.#look();
  }

  static async start(options: RigOptions): Promise<Rig> {
    const folder = await mkdtemp(join(tmpdir(), 'nothing-lost-'));
    const backends: RigBackend[] = [];
    for (const kind of options.backends) {
      const server = await startServer(kind);
      const proxy = await faultProxy(server.url, options.isRecording === false ? {} : { recordBytes: RECORD_BYTES });
      backends.push({ kind, server, proxy });
    }
    const collectors: CollectorProcess[] = [];
    const ports: number[] = [];
    for (let index = 0; index < (options.collectors ?? 1); index++) ports.push(await freePort());
    const front = options.hasFront === true ? await startServer('haproxy', { backends: ports }) : undefined;
    for (const [index, port] of ports.entries()) {
      const home = join(folder, `collector-${index + 1}`);
      const env = {
        INFLUX_URLS: backends.map(({ proxy }) => proxy.url).join(','),
        INFLUX_BUCKET: 'telemetry',
        SPOOL_DIR: options.spool ?? join(home, 'spool'),
        DATA_DIR: join(home, 'data'),
        LOG_LEVEL: 'warn',
        ...(front !== undefined && { HANDOVER_URL: front.url }),
        ...options.env,
      };
      collectors.push(new CollectorProcess(options.main, home, port, env));
    }
    for (const collector of collectors) await collector.start();
    const producer = new Producer({
      url: () => collectors[0]!.url,
      name: 'p',
      pointsPerWrite: 100,
      ...options.producer,
    });
    return new Rig(folder, backends, collectors, producer, front);
  }

  get collector(): CollectorProcess {
    return this.collectors[0]!;
  }

  async ledger(collector = this.collector): Promise<Ledger> {
    return ledgerOf(await collector.text('/metrics'));
  }

  /** Resolves when nothing is on its way any more. */
  async settled(withinMs: number, collectors: readonly CollectorProcess[] = this.collectors): Promise<void> {
    const until = performance.now() + withinMs;
    for (const collector of collectors) {
      for (;;) {
        const left = await this.#left(collector);
        if (left === 0) break;
        if (performance.now() > until) {
          const lanes = JSON.stringify([...(await this.ledger(collector)).lanes]);
          throw new Error(`${left} points are still owed after ${withinMs} ms: ${lanes}\n${collector.output}`);
        }
        await pause(50);
      }
    }
  }

  async #left(collector: CollectorProcess): Promise<number> {
    const { entering, lanes } = await this.ledger(collector);
    return entering + [...lanes.values()].reduce((sum, { pending, held }) => sum + pending + held, 0);
  }

  /** What each backend holds of what was accepted. */
  async judgements(): Promise<Judgement[]> {
    return Promise.all(this.backends.map((backend) => this.#judge(backend)));
  }

  async #judge({ kind, server }: RigBackend): Promise<Judgement> {
    if (kind === 'influxdb') return judge(this.producer, await storedInInflux(this.producer, server.url));
    // What it was sent last is visible after a second or two.
    await (server as unknown as { flush(): Promise<void> }).flush();
    for (let looks = 1; ; looks++) {
      const verdict = judge(this.producer, await storedInVictoria(this.producer, server.url));
      if (verdict.missing.length === 0 || looks === VISIBLE_AFTER_LOOKS) return verdict;
      await pause(250);
    }
  }

  /** Points that a backend was sent again after it had answered that they are stored. */
  sentAgain(): number[] {
    return this.backends.map(({ kind, proxy }) => {
      if (proxy.unrecorded > 0) throw new Error(`${kind}: ${proxy.unrecorded} writes were not recorded`);
      return sentAgainAfterSuccess(proxy.recorded);
    });
  }

  async #look(): Promise<void> {
    while (this.#isLooking) {
      for (const collector of this.collectors) {
        const page = await collector.text('/metrics').catch(() => undefined);
        if (page === undefined) continue;
        this.looks++;
        this.imbalances.push(...imbalances(ledgerOf(page)));
      }
      await pause(LOOK_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isLooking = false;
    await this.producer.stop();
    await this.#looking;
    await Promise.all(this.collectors.map((collector) => collector.kill()));
    await Promise.all(this.backends.map(({ proxy, server }) => Promise.all([proxy.stop(), server.stop()])));
    await this.#front?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
