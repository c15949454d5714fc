import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { LiveStack } from './live-stack.js';

const HELP = `usage: npm run stack -- [--for 60s] [--json]

The stack of breakwater.stack.yaml as processes of this machine, from the files that are rendered from it: collectors,
InfluxDB, HAProxy, Redis, Prometheus, Alertmanager and node exporter, each on a loopback address of its own. Prints
where each is, and stays until Ctrl-C or for the time that is given. Ended, it leaves nothing behind.`;

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000 } as const;
const LONGEST_MS = 24 * UNITS.h;

function milliseconds(text: string): number {
  const [, count, unit] = /^(\d+)(s|m|h)$/.exec(text) ?? [];
  const ms = Number(count) * UNITS[unit as keyof typeof UNITS];
  if (!(ms > 0 && ms <= LONGEST_MS)) throw new Error(`--for ${text}: it takes 1s to 24h, such as 60s or 5m\n\n${HELP}`);
  return ms;
}

/** What is to be seen where, by service. */
function addresses(stack: LiveStack): Array<[service: string, what: string, url: string]> {
  const { backends, collectors, grafana } = stack.plan.stack;
  const front = (port: number, path = '') => stack.url('load-balancer', port) + path;
  return [
    ['load-balancer', 'writes to the collectors, reads of InfluxDB', front(backends.port)],
    ['load-balancer', 'the collectors', front(collectors.port)],
    ['load-balancer', 'Grafana, which is not run', front(grafana.port)],
    ['load-balancer', 'statistics', `${stack.url('load-balancer')}/stats`],
    ...stack.services
      .filter((name) => name !== 'load-balancer')
      .map((name): [string, string, string] => [
        name,
        '',
        stack.url(name).replace('http:', name === 'redis' ? 'redis:' : 'http:'),
      ]),
  ];
}

function show(stack: LiveStack): string {
  const rows = addresses(stack);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return [
    ...rows.map(([service, what, url]) => `${service.padEnd(widths[0]!)}  ${url.padEnd(30)}  ${what}`.trimEnd()),
    '',
    ...[...stack.notRun].map(([service, why]) => `not run: ${service} (${why})`),
    '',
    `Writes need the header "Authorization: Token ${stack.secrets['API_TOKEN']}". Everything lies in ${stack.folder}.`,
    'Ctrl-C ends it.',
  ].join('\n');
}

const asJson = (stack: LiveStack): string =>
  JSON.stringify({
    services: stack.services.map((service) => ({
      service,
      url: stack.url(service).replace('http:', service === 'redis' ? 'redis:' : 'http:'),
      pid: stack.server(service).pid,
    })),
    fronts: addresses(stack)
      .filter(([service]) => service === 'load-balancer')
      .map(([, what, url]) => ({ what, url })),
    notRun: [...stack.notRun].map(([service, reason]) => ({ service, reason })),
    apiToken: stack.secrets['API_TOKEN'],
    folder: stack.folder,
  });

const { values } = parseArgs({
  options: { for: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(HELP);
} else {
  const forMs = values.for === undefined ? undefined : milliseconds(values.for);
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());
  await using stack = await LiveStack.start({ file: join(import.meta.dirname, '../../breakwater.stack.yaml') });
  if (!interrupted.signal.aborted) console.log(values.json ? asJson(stack) : show(stack));
  await pause(forMs ?? LONGEST_MS, undefined, { signal: interrupted.signal }).catch(() => {});
}
