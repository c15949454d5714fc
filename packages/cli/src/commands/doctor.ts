import { access } from 'node:fs/promises';
import { type Plan, parseStack, STARTER, YamlSource } from '@breakwater/stack';
import { command, type ExitCode, FINE, FOUND, UsageError } from '../command.js';
import { type Addresses, addressesOf, asksNobody } from '../doctor/addresses.js';
import { checkAlertmanager } from '../doctor/alertmanager.js';
import { type Ask, asker } from '../doctor/ask.js';
import { checkCollector } from '../doctor/collector.js';
import { type ComposeProject, checkDocker } from '../doctor/docker.js';
import { checkGrafana } from '../doctor/grafana.js';
import { checkLoad } from '../doctor/load.js';
import { projectName } from '../doctor/project-name.js';
import { checkPrometheus } from '../doctor/prometheus.js';
import { checkProxy } from '../doctor/proxy.js';
import { checkReads } from '../doctor/reads.js';
import type { Verdict } from '../doctor/verdict.js';
import type { Io } from '../io.js';
import { json } from '../print/table.js';
import { many } from '../print/units.js';
import { readStack, type StackOnDisk } from '../project/project.js';
import { duration, wholeNumber } from '../values.js';
import { DEFAULT_STACK_FILE, STACK_FILE } from './stack-options.js';

const MOST_REQUESTS = 1_000;
const NS_IN_MS = 1_000_000n;
const DEFAULT_TIMEOUT = '5s';
const LONGEST_TIMEOUT_MS = 600_000n;
const COMPOSE_FILE = 'docker-compose.ha.yml';

const part = (help: string) => ({ value: 'URL', help: `${help}; "none": not asked` }) as const;

export const doctor = command({
  options: {
    url: { value: 'URL', help: 'the host of the stack; default http://127.0.0.1' },
    file: STACK_FILE,
    collectors: { ...part('a collector, or the proxy before all'), multiple: true },
    reads: part('the proxy before InfluxDB'),
    grafana: part('Grafana'),
    stats: part('the proxy: statistics and metrics'),
    prometheus: part('Prometheus'),
    alertmanager: part('Alertmanager'),
    docker: { help: 'look at the containers of the Compose project, too' },
    load: { value: 'N', help: `send so many POST /collect at once, ${MOST_REQUESTS} at most` },
    json: { help: 'print the verdicts as JSON' },
    timeout: { value: 'DURATION', help: 'for each request; default 5s' },
  },
  notes: [
    'Ports are those of the stack file where there is one, else the usual ones. Only with a stack file is it known how many',
    'replicas there should be. Behind a proxy each answer is of whichever collector got the request: give --collectors',
    'once for each to hear all. --load takes API_TOKEN from the environment, and reports statuses and the p95.',
    'Exit code 1 when something is unhealthy; a warning alone is 0.',
  ].join('\n'),
  async run(values, io) {
    const timeoutMs = timeoutOf(values.timeout);
    const requests = requestsOf(values.load);
    const token = tokenOf(io.env);
    const onDisk = await stackOf(values.file);
    const addresses = addressesOf(values, onDisk?.plan.stack ?? parseStack(STARTER, 'defaults').stack);
    if (requests > 0 && addresses.collectors.length === 0) throw new UsageError('--load needs --collectors');
    if (asksNobody(addresses) && !values.docker) throw new UsageError('every part is "none": nothing would be asked');
    const ask = asker(timeoutMs, io.signal);
    const verdicts = [...(await checkParts(addresses, onDisk?.plan, ask))];
    if (values.docker) verdicts.push(...(await checkDocker(composeProject(onDisk, io), timeoutMs, io.signal)));
    // Last, so that what it does to the stack is not what the others see.
    if (requests > 0) verdicts.push(...(await checkLoad(addresses.collectors[0]!, requests, token, ask)));
    return report(verdicts, values.json, io);
  },
});

function timeoutOf(text: string = DEFAULT_TIMEOUT): number {
  const ms = duration('timeout', text) / NS_IN_MS;
  if (ms < 1n || ms > LONGEST_TIMEOUT_MS) throw new UsageError(`--timeout is ${text}; it can be 1ms to 10m`);
  return Number(ms);
}

function requestsOf(text: string | undefined): number {
  const requests = wholeNumber('load', text, 1) ?? 0;
  if (requests > MOST_REQUESTS) throw new UsageError(`--load is ${requests}; it can be ${MOST_REQUESTS} at most`);
  return requests;
}

/** A header that cannot be sent would be named in the error, the token with it. */
function tokenOf({ API_TOKEN: token }: Io['env']): string | undefined {
  if (token === undefined || token === '') return undefined;
  if (!/^[\x21-\x7e]+$/.test(token)) throw new UsageError('API_TOKEN has a blank, or a character that is not ASCII');
  return token;
}

/** Undefined where nobody named a stack file and there is none. */
async function stackOf(file: string | undefined): Promise<StackOnDisk | undefined> {
  if (file !== undefined) return readStack(file);
  try {
    await access(DEFAULT_STACK_FILE);
  } catch {
    return undefined;
  }
  return readStack(DEFAULT_STACK_FILE);
}

function composeProject(stack: StackOnDisk | undefined, { env }: Io): ComposeProject {
  const text = stack?.render().find(({ path }) => path === COMPOSE_FILE)?.text ?? '';
  const services = new YamlSource(COMPOSE_FILE, text).documents[0]?.at(['services']) ?? {};
  return { name: projectName(stack?.folder ?? process.cwd(), env), services: Object.keys(services) };
}

async function checkParts(
  { collectors, reads, grafana, stats, prometheus, alertmanager }: Addresses,
  plan: Plan | undefined,
  ask: Ask,
): Promise<readonly Verdict[]> {
  const expected = plan && {
    collectors: plan.stack.collectors.min,
    influxdb: plan.backends.length,
    grafana: plan.grafanas.length,
  };
  const verdicts = await Promise.all([
    stats === undefined ? [] : checkProxy(stats, expected, ask),
    reads === undefined ? [] : checkReads(reads, ask),
    ...collectors.map((url) => checkCollector(url, plan?.stack.collectors, ask)),
    grafana === undefined ? [] : checkGrafana(grafana, ask),
    prometheus === undefined ? [] : checkPrometheus(prometheus, ask),
    alertmanager === undefined ? [] : checkAlertmanager(alertmanager, ask),
  ]);
  return verdicts.flat();
}

async function report(verdicts: readonly Verdict[], asJson: boolean, io: Io): Promise<ExitCode> {
  const of = (health: Verdict['health']) => verdicts.filter((verdict) => verdict.health === health).length;
  const [sick, warnings] = [of('unhealthy'), of('warning')];
  if (asJson) await io.print(json({ healthy: sick === 0, verdicts }));
  else {
    for (const verdict of verdicts) await io.print(lineOf(verdict));
    io.say(`${sick} unhealthy, ${many(warnings, 'warning')}, ${of('ok')} ok\n`);
  }
  return sick > 0 ? FOUND : FINE;
}

const WIDTH = 'unhealthy  '.length;

const lineOf = ({ health, what, evidence, advice }: Verdict): string => {
  const todo = advice === undefined ? '' : `${' '.repeat(WIDTH)}→ ${advice}\n`;
  return `${health.padEnd(WIDTH)}${what}: ${evidence}\n${todo}`;
};
