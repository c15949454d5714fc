import { parseTargets, type TargetSet } from '../targets/parse.js';
import { startNameServer } from './name-server.js';
import { type Service, startHttp, startTcp } from './service.js';
import { DIES_AFTER_MS, flakyWorks, SLOW_MS } from './story.js';

const NAME = 'demo.test';

export interface Demo extends AsyncDisposable {
  readonly targets: TargetSet;
}

/** Starts a few services on loopback, each with a fate of its own, and says how to poll them. */
export async function startDemo(): Promise<Demo> {
  const services: Service[] = [];
  const start = async (starting: Promise<Service>): Promise<number> => {
    const service = await starting;
    services.push(service);
    return service.port;
  };
  let stopped: Promise<unknown> | undefined;
  const stop = async () => {
    stopped ??= Promise.all(services.map((service) => service.stop()));
    await stopped;
  };
  try {
    const ports = {
      healthy: await start(startHealthy()),
      slow: await start(startSlow()),
      flaky: await start(startFlaky()),
      dying: await start(startDying()),
      page: await start(startPage()),
      port: await start(startTcp((socket) => socket.resume())),
      names: await start(startNameServer(NAME)),
    };
    const targets = await parseTargets(targetsFile(ports), { file: 'the demo', env: {} });
    return { targets, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The demo's targets, as a targets file says it. */
function targetsFile(ports: Readonly<Record<string, number>>): string {
  const http = (name: string, more = '') =>
    `  - { name: ${name}, probe: http, url: "http://127.0.0.1:${ports[name]}/health"${more} }`;
  return [
    'apiVersion: breakwater/v1',
    'kind: Targets',
    'defaults: { interval: 1s, timeout: 900ms, labels: { site: demo } }',
    'targets:',
    http('healthy'),
    http('slow', ', interval: 2s, timeout: 1900ms'),
    http('flaky'),
    http('dying'),
    `  - { name: port, probe: tcp, host: 127.0.0.1, port: ${ports['port']} }`,
    `  - { name: page, probe: prometheus, url: "http://127.0.0.1:${ports['page']}/metrics", keep: ["demo_*"] }`,
    `  - { name: names, probe: dns, server: 127.0.0.1, port: ${ports['names']}, query: ${NAME}, type: A }`,
    '  - { name: self, probe: host }',
    '',
  ].join('\n');
}

const startHealthy = () => startHttp((_request, response) => void response.end('ok\n'));

const startSlow = () => startHttp((_request, response) => void setTimeout(() => response.end('at last\n'), SLOW_MS));

function startFlaky(): Promise<Service> {
  const startedMs = performance.now();
  return startHttp((_request, response) => {
    if (!flakyWorks(performance.now() - startedMs)) response.statusCode = 503;
    response.end();
  });
}

/** Answers for a while; then nothing listens there any more. */
async function startDying(): Promise<Service> {
  const service = await startHealthy();
  let stopped: Promise<void> | undefined;
  const stop = () => {
    clearTimeout(death);
    stopped ??= service.stop();
    return stopped;
  };
  const death = setTimeout(stop, DIES_AFTER_MS);
  return { port: service.port, stop };
}

function startPage(): Promise<Service> {
  let visits = 0;
  return startHttp((_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    response.end(
      '# HELP demo_visits_total How often this page was read.\n# TYPE demo_visits_total counter\n' +
        `demo_visits_total ${++visits}\n` +
        '# HELP demo_uptime_seconds How long the process has run.\n# TYPE demo_uptime_seconds gauge\n' +
        `demo_uptime_seconds ${process.uptime()}\n`,
    );
  });
}
