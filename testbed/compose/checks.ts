import { setTimeout as pause } from 'node:timers/promises';
import type { ComposeStack } from './stack.js';

type StackCheck = readonly [what: string, check: () => Promise<void>];

const PROXY = 'http://127.0.0.1:8086';
const COLLECTORS = 'http://127.0.0.1:8080';
const STATISTICS = 'http://127.0.0.1:8404';
const PROMETHEUS = 'http://127.0.0.1:9090';
const ALERTMANAGER = 'http://127.0.0.1:9093';
/** How long a lane may take to bring a point that was accepted, on a machine with other work. */
const DELIVERED_WITHIN_MS = 30_000;
const WRITES = 60;

/** What must hold of the stack while it runs, in this order: some end what others need. */
export function checks(stack: ComposeStack): StackCheck[] {
  const writer = new Writer(stack.secrets['API_TOKEN']!);
  return [
    ['curl :8086/ping answers 204', () => answers(`${PROXY}/ping`, 204)],
    [
      'curl :8404/stats answers with the statistics',
      () => answers(`${STATISTICS}/stats`, 200, /network-telemetry|collector1/),
    ],
    ['docker exec telemetry-lb haproxy -c finds its file valid', () => proxyFileIsValid(stack)],
    ['three collectors share their targets through Redis', () => sharing(3)],
    ['a write without the token is refused', () => answers(`${PROXY}/write?db=telemetry`, 401, /./, 'none value=1')],
    ['a write through :8086 is read back through :8086', () => writer.oneRoundTrip()],
    ['Prometheus has no target down but what is not run here', () => targetsAreUp(stack)],
    ['Alertmanager answers', () => answers(`${ALERTMANAGER}/api/v2/status`, 200)],
    [
      `a collector is killed: ${WRITES} writes and reads go on`,
      () => whileKilled(stack, 'network-telemetry-1', writer),
    ],
    ['an InfluxDB is killed too: writes and reads go on', () => whileKilled(stack, 'influxdb-1', writer)],
    ['the InfluxDB is back and gets what it missed', () => caughtUp(stack, 'influxdb-1', writer)],
    ['--scale network-telemetry-1=2: the proxy finds four collectors', () => scaled(stack)],
    ['a reload of the proxy (kill -s USR2) fails no request', () => reloaded(stack, writer)],
    ['a collector that is stopped drains and exits with 0', () => stoppedInOrder(stack, 'network-telemetry-2')],
    ['restart load-balancer: it is healthy again', () => restarted(stack)],
  ];
}

async function ask(url: string, init: RequestInit = {}): Promise<{ status: number; text: string }> {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
  return { status: answer.status, text: await answer.text() };
}

async function answers(url: string, status: number, body: RegExp = /^/, posted?: string): Promise<void> {
  const answer = await ask(url, posted === undefined ? {} : { method: 'POST', body: posted });
  if (answer.status === status && body.test(answer.text)) return;
  throw new Error(`${url} answered ${answer.status}: ${answer.text.slice(0, 300)}`);
}

/** Asks again until it does not throw. */
async function eventually(withinMs: number, work: () => Promise<void>): Promise<void> {
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > end) throw error;
      await pause(250);
    }
  }
}

/** Writes numbered points through the proxy. */
class Writer {
  readonly #token: string;
  readonly #startMs = Date.now();
  #written = 0;

  constructor(token: string) {
    this.#token = token;
  }

  get written(): number {
    return this.#written;
  }

  /** As a client that tries everything once more. */
  write(): Promise<void> {
    return twice(() => this.writeOnce());
  }

  async writeOnce(): Promise<void> {
    // The same point when it is sent again.
    const line = `compose_test number=${this.#written}i ${BigInt(this.#startMs) * 1_000_000n + BigInt(this.#written)}`;
    const headers = { authorization: `Token ${this.#token}` };
    const { status, text } = await ask(`${PROXY}/write?db=telemetry`, { method: 'POST', body: line, headers });
    if (status !== 204) throw new Error(`a write was answered with ${status}: ${text.slice(0, 200)}`);
    this.#written++;
  }

  async oneRoundTrip(): Promise<void> {
    await this.write();
    await eventually(DELIVERED_WITHIN_MS, async () =>
      this.expectAll(await count((query) => ask(query).then(({ text }) => text))),
    );
  }

  expectAll(found: number): void {
    if (found !== this.#written) throw new Error(`${found} of ${this.#written} points can be read`);
  }
}

async function twice(request: () => Promise<void>): Promise<void> {
  await request().catch(request);
}

/** How many of our points an InfluxDB has, by the body that it answers the query with. */
async function count(bodyOf: (url: string) => Promise<string>): Promise<number> {
  const query = encodeURIComponent('SELECT count("number") FROM compose_test');
  const body = await bodyOf(`${PROXY}/query?db=telemetry&q=${query}`);
  const { results } = JSON.parse(body) as { results?: [{ series?: [{ values: [[unknown, number]] }] }] };
  return results?.[0].series?.[0].values[0][1] ?? 0;
}

const readThroughProxy = (): Promise<number> =>
  count(async (url) => {
    const { status, text } = await ask(url);
    if (status !== 200) throw new Error(`a read was answered with ${status}: ${text.slice(0, 200)}`);
    return text;
  });

async function whileKilled(stack: ComposeStack, service: string, writer: Writer): Promise<void> {
  await stack.docker('kill', await stack.containerOf(service));
  for (let number = 0; number < WRITES; number++) {
    await writer.write();
    await twice(async () => void (await readThroughProxy()));
    await pause(50);
  }
  await eventually(DELIVERED_WITHIN_MS, async () => writer.expectAll(await readThroughProxy()));
}

async function caughtUp(stack: ComposeStack, service: string, writer: Writer): Promise<void> {
  const container = await stack.containerOf(service);
  await stack.docker('start', container);
  await stack.healthy(60_000, [service]);
  await eventually(2 * DELIVERED_WITHIN_MS, async () => {
    const own = (url: string) =>
      stack.docker('exec', container, 'wget', '-q', '-O', '-', url.replace(PROXY, 'http://127.0.0.1:8086'));
    writer.expectAll(await count(own));
  });
}

async function sharing(members: number): Promise<void> {
  await eventually(60_000, async () => {
    const { status, text } = await ask(`${COLLECTORS}/fleet`);
    const fleet = JSON.parse(text) as { standing?: { kind: string }; members?: unknown[] };
    if (status !== 200 || fleet.standing?.kind !== 'member' || fleet.members?.length !== members) {
      throw new Error(`/fleet answered ${status}: ${text.slice(0, 300)}`);
    }
  });
}

async function proxyFileIsValid(stack: ComposeStack): Promise<void> {
  await stack.docker('exec', 'telemetry-lb', 'haproxy', '-c', '-f', '/usr/local/etc/haproxy/haproxy.cfg');
}

interface Target {
  readonly health: string;
  readonly lastError: string;
  readonly scrapeUrl: string;
}

/** What runs has its page scraped; InfluxDB 1.6 has no page for Prometheus that is of use. */
async function targetsAreUp(stack: ComposeStack): Promise<void> {
  await eventually(60_000, async () => {
    const { text } = await ask(`${PROMETHEUS}/api/v1/targets?state=active`);
    const { data } = JSON.parse(text) as { data: { activeTargets: Target[] } };
    const down = data.activeTargets.filter(({ health }) => health !== 'up');
    const unexpected = down.filter(({ scrapeUrl }) => {
      const { hostname } = new URL(scrapeUrl);
      return !stack.missing.includes(hostname);
    });
    if (data.activeTargets.length === 0) throw new Error('Prometheus has no target');
    if (unexpected.length > 0) {
      throw new Error(unexpected.map(({ scrapeUrl, lastError }) => `${scrapeUrl} is down: ${lastError}`).join('\n'));
    }
  });
}

async function scaled(stack: ComposeStack): Promise<void> {
  await stack.up('--scale', 'network-telemetry-1=2');
  await stack.healthy(60_000);
  await eventually(60_000, async () => {
    const { text } = await ask(`${STATISTICS}/stats;csv`);
    const up = text.split('\n').filter((row) => /^collectors,collector\d+,/.test(row) && row.includes(',UP,'));
    if (up.length !== 4) throw new Error(`${up.length} collectors are up in the proxy`);
  });
}

async function reloaded(stack: ComposeStack, writer: Writer): Promise<void> {
  let isOver = false;
  const reloading = stack
    .compose('kill', '-s', 'USR2', 'load-balancer')
    .then(() => pause(5_000))
    .finally(() => {
      isOver = true;
    });
  while (!isOver) {
    await writer.writeOnce();
    await readThroughProxy();
  }
  await reloading;
}

async function stoppedInOrder(stack: ComposeStack, service: string): Promise<void> {
  await stack.compose('stop', service);
  const { exitCode } = (await stack.states()).find((state) => state.service === service)!;
  if (exitCode !== 0) throw new Error(`${service} exited with ${exitCode}`);
}

async function restarted(stack: ComposeStack): Promise<void> {
  await stack.compose('restart', 'load-balancer');
  await stack.healthy(60_000, ['load-balancer']);
  await answers(`${PROXY}/ping`, 204);
}
