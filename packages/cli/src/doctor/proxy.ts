import { count, many } from '../print/units.js';
import type { Ask } from './ask.js';
import { judgeText, type Question } from './judge.js';
import { Samples } from './samples.js';
import { some } from './some.js';
import { ok, unhealthy, type Verdict, warning } from './verdict.js';

/** How many servers of a backend should be up; undefined: that is not known. */
export type Expected = Readonly<Record<string, number>> | undefined;

const ADVICE = 'look at its log (docker logs telemetry-lb); statistics are for private networks only';
const NEARLY = 0.9;

export async function checkProxy(url: string, expected: Expected, ask: Ask): Promise<readonly Verdict[]> {
  const question: Question = { what: 'proxy', url: `${url}/metrics`, advice: ADVICE };
  return judgeText(question, await ask(question.url), (text) => {
    const page = Samples.read(text);
    if (page !== undefined && page.of('haproxy_server_status').length > 0) return judgeProxy(page, expected);
    return [unhealthy('proxy', `${question.url} is no metrics page of HAProxy`, 'look who listens there')];
  });
}

/** Servers, lanes, slots, queues and connections. */
export function judgeProxy(page: Samples, expected: Expected): readonly Verdict[] {
  const servers = serversOf(page);
  return [
    ...judgeServers(
      servers.filter(({ backend }) => !/^(?:lane|reads)_/.test(backend)),
      expected,
    ),
    ...judgeLanes(servers),
    ...judgeSlots(servers),
    judgeQueues(page),
    ...judgeConnections(page),
  ];
}

interface Server {
  readonly backend: string;
  readonly name: string;
  readonly state: string;
  /** What its latest check came to: `L4CON`. */
  readonly check: string;
}

function serversOf(page: Samples): Server[] {
  const current = (metric: string) => page.of(metric).filter(({ value }) => value === 1);
  const keyOf = (labels: ReadonlyMap<string, string>) => `${labels.get('proxy')}/${labels.get('server')}`;
  const checks = new Map(
    current('haproxy_server_check_status').map(({ labels }) => [keyOf(labels), labels.get('state') ?? '']),
  );
  return current('haproxy_server_status').map(({ labels }) => ({
    backend: labels.get('proxy') ?? '',
    name: labels.get('server') ?? '',
    state: labels.get('state') ?? '',
    check: checks.get(keyOf(labels)) ?? '',
  }));
}

const isUp = ({ state }: Server): boolean => state === 'UP';
const backendsOf = (servers: readonly Server[]): string[] => [...new Set(servers.map(({ backend }) => backend))];

/** A slot that DNS filled with nobody is in maintenance: by itself that says nothing. */
function judgeServers(servers: readonly Server[], expected: Expected): Verdict[] {
  return backendsOf(servers).map((backend) => {
    const what = `proxy: servers of ${backend}`;
    const own = servers.filter((server) => server.backend === backend);
    const up = own.filter(isUp).length;
    const wanted = expected?.[backend];
    const down = own.filter(({ state }) => state === 'DOWN').map(({ name, check }) => `${name} (${check || 'down'})`);
    const seen = `${up}${wanted === undefined ? '' : ` of ${wanted}`} up${down.length > 0 ? `; down: ${some(down)}` : ''}`;
    const advice = 'look at the logs of those servers, and whether their names resolve for the proxy';
    if (up === 0) return unhealthy(what, `no server is up; down: ${some(down) || 'none, as no name resolved'}`, advice);
    if (down.length > 0 || up < (wanted ?? 0)) return warning(what, seen, advice);
    return ok(what, seen);
  });
}

/** A backend takes reads while a majority of the collectors says that it has everything. */
function judgeLanes(servers: readonly Server[]): Verdict[] {
  const what = 'proxy: backends that have caught up';
  const lanes = backendsOf(servers).filter((backend) => backend.startsWith('lane_'));
  if (lanes.length === 0) return [];
  const upIn = (backend: string) => servers.filter((server) => server.backend === backend && isUp(server)).length;
  const collectors = upIn('collectors');
  const nameOf = (lane: string) => lane.slice('lane_'.length);
  const behind = lanes.filter((lane) => upIn(lane) * 2 <= collectors);
  const seen = behind.map((lane) => `${nameOf(lane)}: ${upIn(lane)} of ${many(collectors, 'collector')} say so`);
  const advice = 'breakwater spool ls, and the lanes below, say what is waiting and why';
  if (behind.length === 0) return [ok(what, some(lanes.map(nameOf)))];
  if (behind.length < lanes.length) return [warning(what, `not ${some(seen)}; reads go elsewhere`, advice)];
  return [unhealthy(what, `none: ${some(seen)}; reads may lack the newest`, advice)];
}

function judgeSlots(servers: readonly Server[]): Verdict[] {
  const what = 'proxy: slots for collectors';
  const slots = servers.filter(({ backend }) => backend === 'collectors');
  if (slots.length === 0) return [];
  const used = slots.filter(({ state }) => state !== 'MAINT').length;
  const seen = `${used} of ${slots.length} taken`;
  if (used < slots.length) return [ok(what, seen)];
  return [warning(what, seen, 'the next collector gets no requests: raise collectors.max in the stack file')];
}

function judgeQueues(page: Samples): Verdict {
  const what = 'proxy: queues';
  const waiting = page.of('haproxy_backend_current_queue').filter(({ value }) => value > 0);
  if (waiting.length === 0) return ok(what, 'nothing waits');
  const seen = waiting.map(({ labels, value }) => `${many(value, 'request')} for ${labels.get('proxy')}`);
  return warning(what, some(seen), 'its servers are too few or too slow: look at their load');
}

function judgeConnections(page: Samples): Verdict[] {
  const what = 'proxy: connections';
  const [now, most] = [page.sum('haproxy_process_current_connections'), page.sum('haproxy_process_max_connections')];
  if (most === 0) return [];
  const seen = `${count(now)} of ${count(most)}`;
  if (now < NEARLY * most) return [ok(what, seen)];
  return [warning(what, seen, 'new clients will wait: raise proxy.maxConnections in the stack file')];
}
