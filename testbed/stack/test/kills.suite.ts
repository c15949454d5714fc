import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POLLER_HEADER, TargetServer } from '../../src/oracle/target-server.js';
import { storedTurns } from '../../src/oracle/turns.js';
import { LiveStack } from '../live-stack.js';
import { Load } from './load.suite.js';
import { activeAlerts, targetsOf } from './prometheus.suite.js';
import { STACK_FILE } from './truth.suite.js';

/** The alert that a kill raises, and what else may fire with it. */
interface Expected {
  readonly name: string;
  readonly forS: number;
  /** How its instance begins. */
  readonly instance: string;
  readonly beside: readonly string[];
}

/** What fires for the whole run: what is not run, and the state of this machine. */
const ALWAYS = ['ServiceDown', 'ProxyBackendDown', 'Node.*'];

export interface Effort {
  /** Whether the alerts are waited for: each takes its `for`. */
  readonly alerts: boolean;
  /** How long each thing that was killed stays away, without alerts. */
  readonly awayMs: number;
}

const TARGETS = Array.from({ length: 12 }, (_, index) => `t-${index}`);
const INTERVAL_MS = 2_000;
const COLLECTORS = 3;
/** A busy machine, on which everything else comes late. */
const SLACK_MS = 20_000;
/** A lane is behind after 10 s; then a check of the proxy, and time for a machine that is busy. */
const STALE_AFTER_MS = 30_000;

/** Three collectors, two backends and the proxy in use: what is killed in turn, and what must go on. */
export function describeKills(effort: Effort): void {
  let stack: LiveStack;
  let server: TargetServer;
  let load: Load;

  /** When an alert on `forS` must be in Alertmanager: a scrape sees it, an evaluation finds it, and it has to last. */
  const firesWithinMs = (forS: number) =>
    (forS + 2 * stack.plan.stack.monitoring.prometheus.scrapeInterval) * 1000 + SLACK_MS;
  const resolvesWithinMs = () => 2 * stack.plan.stack.monitoring.prometheus.scrapeInterval * 1000 + SLACK_MS;

  /** Kills a service, lets `meanwhile` look, and starts it again; its alert must fire and pass in time. */
  async function killed(
    service: string,
    alert: Expected,
    meanwhile: (killedMs: number) => Promise<void> = async () => {},
  ): Promise<void> {
    const killedMs = Date.now();
    stack.server(service).signal('SIGKILL');
    const active = async () => (await activeAlerts(stack)).map(({ labels }) => labels);
    const fired = async () =>
      (await active()).filter(
        ({ alertname, instance }) => alertname === alert.name && instance?.startsWith(alert.instance) === true,
      ).length;
    await meanwhile(killedMs);
    if (!effort.alerts) await pause(Math.max(0, effort.awayMs - (Date.now() - killedMs)));
    else {
      const leftMs = killedMs + firesWithinMs(alert.forS) - Date.now();
      await expect.poll(fired, { timeout: leftMs, interval: 500 }).toBeGreaterThan(0);
      const names = new Set((await active()).map(({ alertname = '?' }) => alertname));
      const right = [alert.name, ...alert.beside, ...ALWAYS];
      expect([...names].filter((name) => !right.some((each) => new RegExp(`^${each}$`).test(name)))).toEqual([]);
    }
    await stack.server(service).restart();
    if (effort.alerts) await expect.poll(fired, { timeout: resolvesWithinMs(), interval: 500 }).toBe(0);
  }

  /** Who polled each target within its last two turns, and how often. */
  const polls = () => {
    const late = server.since(Date.now() - 2.5 * INTERVAL_MS);
    return TARGETS.map((name) => late.filter(({ target }) => target === name).map(({ by }) => by));
  };
  const pollersOf = (names: readonly string[]) => [
    ...new Set(polls().flatMap((by, index) => (names.includes(TARGETS[index]!) ? by : []))),
  ];
  /** One turn tells nothing: a target that changes hands between two turns is polled by one alone in each interval. */
  const shared = () =>
    polls().every((by) => by.length >= 2 && new Set(by).size === 1) && pollersOf(TARGETS).length === COLLECTORS;

  beforeAll(async () => {
    server = await TargetServer.start();
    stack = await LiveStack.start({
      file: STACK_FILE,
      targets: targetsFile(server),
      environment: (service) => ({ POLLER: service }),
    });
    load = new Load(stack);
  }, 300_000);

  afterAll(async () => {
    await load?.stop();
    await stack?.stop();
    await server?.[Symbol.asyncDispose]();
  }, 60_000);

  describe('the stack under load', { timeout: 600_000 }, () => {
    it('has every target polled by one collector', async () => {
      await expect.poll(shared, { timeout: 30_000 + SLACK_MS }).toBe(true);
    });

    it('has the targets of a killed collector polled by the others', async () => {
      const [victim = ''] = stack.collectors;
      let theirs: string[] = [];
      const settled = () => {
        theirs = TARGETS.filter((name) => pollersOf([name]).includes(victim));
        return shared() && theirs.length > 0;
      };
      await expect.poll(settled, { timeout: 30_000 + SLACK_MS }).toBe(true);
      const alert = { name: 'CollectorDown', forS: 60, instance: `${victim}/`, beside: ['CollectorsTooFew'] };
      await killed(victim, alert, async (killedMs) => {
        const taken = () =>
          theirs.every((name) =>
            server.since(killedMs + 1_000).some(({ target, by }) => target === name && by !== victim),
          );
        const leaseMs = stack.plan.stack.collectors.lease * 1000;
        await expect.poll(taken, { timeout: leaseMs + INTERVAL_MS + SLACK_MS, interval: 50 }).toBe(true);
      });
      await expect.poll(() => shared() && pollersOf(theirs), { timeout: 30_000 + SLACK_MS }).toEqual([victim]);
    });

    it('serves while a backend is killed, and brings it what it missed', async () => {
      const [victim = ''] = stack.backends;
      // Points that come later than the objective allows cost its budget, wherever they wait.
      const beside = ['DeliveryBudgetBurns1H', 'ProxyServerDown'];
      await killed(victim, { name: 'InfluxdbDown', forS: 60, instance: `${victim}:`, beside });
      const [accepted, place] = [[...load.writes.accepted], stack.backends.indexOf(victim)];
      const owed = async () => {
        const missing = new Set((await load.judgements())[place]!.missing);
        return accepted.filter((number) => missing.has(number)).length;
      };
      await expect.poll(owed, { timeout: 30_000 + SLACK_MS, interval: 500 }).toBe(0);
    });

    it('polls on while Redis is killed, and shares again afterwards', async () => {
      // What the backend's outage cost weighs on the objective for five minutes more.
      const beside = ['CollectorAlone', 'DeliveryBudgetBurns1H'];
      await killed('redis', { name: 'FleetRedisUnreachable', forS: 60, instance: 'network-telemetry-', beside });
      await expect.poll(shared, { timeout: 60_000 + SLACK_MS }).toBe(true);
    });

    it('reloads its proxy', async () => {
      const before = load.writes.accepted.size;
      await stack.reloadProxy();
      await expect.poll(() => load.writes.accepted.size, { timeout: SLACK_MS }).toBeGreaterThan(before);
    });

    it('failed no request beyond what one more try healed, and lost nothing', async ({ annotate }) => {
      await load.stop();
      const { writes, reads, healedReads } = load;
      await annotate(
        `${writes.accepted.size} points accepted, ${writes.healed} writes healed by one more try; ${reads.length} reads, ${healedReads} healed`,
      );
      expect({ writes: load.failedWrites, reads: load.failedReads }).toEqual({ writes: [], reads: [] });
      expect(writes.accepted.size).toBeGreaterThan(1_000);
      expect(reads.length).toBeGreaterThan(20);
      const missing = async () => (await load.judgements()).map((judgement) => judgement.missing.length);
      await expect.poll(missing, { timeout: 120_000, interval: 500 }).toEqual(stack.backends.map(() => 0));
      expect((await load.judgements()).map(({ unasked }) => unasked)).toEqual(stack.backends.map(() => []));
      // Reads begin when a majority has caught up: what the others of the collectors accepted may still be on its way.
      const majority = (Math.floor(stack.collectors.length / 2) + 1) / stack.collectors.length;
      expect(load.staleReads(STALE_AFTER_MS, majority * 0.95).slice(0, 5)).toEqual([]);
    });

    it('has of every target a point at each backend', async () => {
      for (const name of stack.backends) {
        const stored = await storedTurns(stack.url(name), stack.plan.stack.backends.bucket);
        expect([...stored.keys()].sort()).toEqual([...TARGETS, 'node'].sort());
      }
    });

    it('has no target down in Prometheus but those that have no server here', async () => {
      const seen = async () => {
        const targets = await targetsOf(stack);
        const others = targets
          .filter(({ health }) => health !== 'up')
          .map(({ labels: { instance = '' }, lastError }) => `${instance}: ${lastError}`)
          .filter((text) => !stack.notRun.has(text.split(':')[0]!));
        return { up: targets.filter(({ health }) => health === 'up').length, others };
      };
      // Redis has no page of its own, all others that run have one.
      const expected = { up: stack.services.length - 1, others: [] };
      await expect.poll(seen, { timeout: 20_000 + SLACK_MS, interval: 500 }).toEqual(expected);
    });
  });
}

function targetsFile(server: TargetServer): string {
  const headers = `{ ${POLLER_HEADER}: { valueFrom: POLLER } }`;
  return [
    'apiVersion: breakwater/v1',
    'kind: Targets',
    `defaults: { interval: ${INTERVAL_MS}ms }`,
    'targets:',
    ...TARGETS.map((name) => `  - { name: ${name}, probe: http, url: "${server.urlOf(name)}", headers: ${headers} }`),
    '  - { name: node, probe: prometheus, url: "http://node-exporter:9100/metrics", keep: [node_load1] }',
    '',
  ].join('\n');
}
