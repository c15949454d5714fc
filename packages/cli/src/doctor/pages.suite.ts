import { Samples } from './samples.js';
import type { Verdict } from './verdict.js';

/** A page as it was read. */
export function samples(text: string): Samples {
  const page = Samples.read(text);
  if (page === undefined) throw new Error('this is no metrics page');
  return page;
}

export const answer = (body: unknown) => ({ status: 200, text: JSON.stringify(body) });

/** `unhealthy proxy: servers: no server is up` */
export const told = (verdicts: readonly Verdict[]): string[] =>
  verdicts.map(({ health, what, evidence }) => `${health} ${what}: ${evidence}`);

const SERVER_STATES = ['DOWN', 'UP', 'MAINT', 'DRAIN', 'NOLB'];

/** What HAProxy's exporter says of servers: `collectors/c1` → `UP`. */
export const proxyPage = (servers: Readonly<Record<string, string>>, more = ''): string =>
  Object.entries(servers)
    .flatMap(([place, now]) => {
      const [proxy, server] = place.split('/');
      const check = now === 'DOWN' ? 'L4CON' : 'L7OK';
      return [
        ...SERVER_STATES.map(
          (state) =>
            `haproxy_server_status{proxy="${proxy}",server="${server}",state="${state}"} ${state === now ? 1 : 0}`,
        ),
        ...['L4CON', 'L7OK'].map(
          (state) =>
            `haproxy_server_check_status{proxy="${proxy}",server="${server}",state="${state}"} ${state === check ? 1 : 0}`,
        ),
      ];
    })
    .join('\n')
    .concat('\n', more);

const LANE = '{backend="http://influxdb-1:8086",slot="slot-1"}';

/** What a collector says of itself when all is well. */
export const COLLECTOR_PAGE = `# HELP circuit_breaker_calls_total Calls by how they ended
# TYPE circuit_breaker_calls_total counter
circuit_breaker_calls_total{policy="targets",outcome="success"} 4
circuit_breaker_rejections_total{policy="targets",reason="open"} 2
circuit_breaker_keys{policy="targets",state="open"} 0
circuit_breaker_keys{policy="targets",state="half-open"} 0
circuit_breaker_state{policy="delivery to http://influxdb-1:8086",state="closed"} 1
circuit_breaker_state{policy="delivery to http://influxdb-1:8086",state="open"} 0
connection_pool_connections{policy="probes",state="busy"} 3
connection_pool_connections{policy="probes",state="idle"} 7
connection_pool_connections_max{policy="probes"} 100
connection_pool_queued{policy="probes"} 0
connection_pool_rejections_total{policy="probes",reason="queue-full"} 0
connection_pool_rejections_total{policy="probes",reason="queue-timeout"} 1
semaphore_permits{policy="target-slots"} 50
semaphore_permits_in_use{policy="target-slots"} 12
semaphore_queued{policy="target-slots"} 0
delivery_offered_points_total 100
delivery_intake_accepted_points_total 90
delivery_refused_points_total{reason="malformed"} 8
delivery_entering_points 2
delivery_intake_open 1
delivery_carried_points${LANE} 5
delivery_accepted_points_total${LANE} 85
delivery_pending_points${LANE} 20
delivery_held_points${LANE} 10
delivery_released_points_total${LANE} 60
delivery_quarantined_points_total${LANE} 0
delivery_expired_points_total{backend="http://influxdb-1:8086",slot="slot-1",reason="age"} 0
delivery_handed_over_points_total${LANE} 0
delivery_damaged_points_total${LANE} 0
telemetry_lines_lost_total{reason="sink"} 0
`;

/** The page with other values: by the beginning of a line. */
export const changed = (changes: Readonly<Record<string, number>>): string =>
  Object.entries(changes).reduce((page, [start, value]) => {
    const line = page.split('\n').find((each) => each.startsWith(start));
    if (line === undefined) throw new Error(`no line begins with ${start}`);
    return page.replace(line, line.replace(/ \S+$/, ` ${value}`));
  }, COLLECTOR_PAGE);
