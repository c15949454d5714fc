import type { Alert } from './alert.js';
import { type AlertContext, COLLECTORS, COMPOSE } from './context.js';
import { level, rising } from './course.js';
import { COLLECTOR, collectorsUp, define, series } from './define.js';

const LOOK = [
  "curl -s http://localhost:8080/fleet | jq '{standing, redis, members: [.members[].id]}'",
  `${COMPOSE} exec redis redis-cli --user telemetry --askpass ping`,
];

/** What the collectors do together, and where they cannot. */
export function fleet(context: AlertContext): Alert[] {
  const { min, lease } = context.plan.stack.collectors;
  return [
    ...standing(context, lease),
    ...(min === 1 ? [] : [tooFew(context)]),
    define(context, {
      name: 'FleetSmallerThanSeen',
      category: 'fleet',
      severity: 'warning',
      expr: `count(up{${COLLECTORS}} == 1) - max(fleet_sharers{${COLLECTORS}}) > 0`,
      forS: Math.max(180, 4 * lease),
      summary: '{{ $value | humanize }} collectors run, and share no targets with the others',
      description: 'They are in another fleet, are not let into Redis, or never finished joining.',
      runbook: {
        meaning: 'More collectors are up than the largest fleet that any of them knows.',
        impact: 'Targets are polled by two sides: data is right, load is higher.',
        look: LOOK,
        act: [
          'Compare `fleet` and `redis` of each `/fleet`: all need the same `REDIS_URL`, `FLEET` and password.',
          'Its log says `refuses this collector`: mend the rights of its user in Redis.',
        ],
      },
      levels: {
        series: (missing) => ({
          ...Object.fromEntries(collectorsUp(3).map((name) => [name, level(1)])),
          [series('fleet_sharers', COLLECTOR)]: level(3 - missing),
        }),
        fires: 1,
        silent: 0,
        labels: {},
        shown: '1',
      },
    }),
    define(context, {
      name: 'ReplicaIdTaken',
      category: 'fleet',
      severity: 'warning',
      expr: `increase(fleet_superseded_total{${COLLECTORS}}[${context.window(1800)}]) > 0`,
      forS: 60,
      summary: 'Another collector has the name of {{ $labels.instance }}',
      description: 'The older one goes on under a name of its own, and its targets move.',
      runbook: {
        meaning: 'Two processes were started with one `REPLICA_ID`.',
        impact: 'Targets move once more than they must, and return when a lease is over.',
        look: ["curl -s http://localhost:8080/fleet | jq '.members[].id'   # one of them has a ~"],
        act: ['Give each its own `REPLICA_ID`, or none: then it is host name and port.'],
      },
      levels: {
        series: (rate) => ({ [series('fleet_superseded_total', COLLECTOR)]: rising(rate) }),
        fires: 0.001,
        silent: 0,
        windowS: context.windowS(1800),
        labels: COLLECTOR,
      },
    }),
    define(context, {
      name: 'RedisForgets',
      category: 'fleet',
      severity: 'warning',
      expr: `max(increase(fleet_epoch_changes_total{${COLLECTORS}}[${context.window(3600)}])) > 1.5`,
      forS: 60,
      summary: 'Redis lost what it had been told, more than once within an hour',
      description: 'It was emptied, restarted without its data, failed over, or it evicts keys.',
      runbook: {
        meaning: 'Collectors found the memory of Redis emptied or set back, more than once within an hour.',
        impact: 'Each time the fleet gathers anew; targets may be polled twice for a lease.',
        look: [`${COMPOSE} logs --tail 100 redis`, `${COMPOSE} exec redis redis-cli --askpass info memory`],
        act: [
          '`maxmemory-policy` must be `noeviction`.',
          'It restarts all the time: its log, `ContainerOomKilled`, `RedisMemoryHigh`.',
        ],
      },
      levels: {
        series: (perHour) => ({ [series('fleet_epoch_changes_total', COLLECTOR)]: rising(perHour / 3600) }),
        fires: 300,
        silent: 20,
        windowS: context.windowS(3600),
        labels: {},
      },
    }),
    define(context, {
      name: 'FleetLimitLost',
      category: 'fleet',
      severity: 'warning',
      expr: `max by (policy) (fleet_limiter_mode{${COLLECTORS},mode="lost"}) == 1`,
      forS: 120,
      summary: 'Targets with the limit {{ $labels.policy }} are not polled',
      description: 'Redis cannot be asked, and this replica has no share of the limit to go on with.',
      runbook: {
        meaning: 'A limit that holds for all replicas lets nobody begin.',
        impact: 'Turns of targets with this limit are missed.',
        look: ['curl -s http://localhost:8080/targets | jq .limits', ...LOOK],
        act: ['Bring Redis back; `limits` says why there is no share, or when.'],
      },
      levels: {
        series: (value) => ({
          [series('fleet_limiter_mode', { ...COLLECTOR, policy: 'limit-snmp', mode: 'lost' })]: level(value),
        }),
        fires: 1,
        silent: 0,
        labels: { policy: 'limit-snmp' },
      },
    }),
  ];
}

/** Where one is enough, none is told of by NoCollectorUp. */
function tooFew(context: AlertContext): Alert {
  const { min } = context.plan.stack.collectors;
  return define(context, {
    name: 'CollectorsTooFew',
    category: 'fleet',
    severity: 'warning',
    subject: 'collectors',
    expr: `count(up{${COLLECTORS}} == 1) < ${min}`,
    forS: 120,
    summary: 'Only {{ $value | humanize }} collectors are up',
    description: `There should be ${min} at least (collectors.min). One that DNS does not name any more is not told of by CollectorDown.`,
    runbook: {
      meaning: `For two minutes fewer than ${min} collectors have answered Prometheus.`,
      impact: 'The others poll the targets of those that are gone; there is less to fall back on.',
      look: [`${COMPOSE} ps`, 'kubectl get pods -n telemetry-system', ...LOOK],
      act: [
        `Start what is missing: \`${COMPOSE} up -d\`.`,
        'It exits again: its log says why, as under `CollectorDown`.',
      ],
    },
    levels: {
      series: (count) => Object.fromEntries(collectorsUp(count).map((name) => [name, level(1)])),
      fires: min - 1,
      silent: min,
      labels: {},
      shown: String(min - 1),
    },
  });
}

function standing(context: AlertContext, lease: number): Alert[] {
  const stands = (one: string) => (value: number) => ({
    [series('fleet_standing', { ...COLLECTOR, standing: one })]: level(value),
  });
  return [
    define(context, {
      name: 'CollectorAlone',
      category: 'fleet',
      severity: 'warning',
      subject: 'redis',
      expr: `fleet_standing{${COLLECTORS},standing="alone"} == 1`,
      forS: 60,
      summary: 'Collector {{ $labels.instance }} polls every target by itself',
      description: 'It cannot ask Redis for longer than a lease. Data is right, load is higher.',
      runbook: {
        meaning: 'This collector cannot know who polls what, so it polls everything.',
        impact: 'Targets are polled several times; the points are the same ones. Slots may become short.',
        look: LOOK,
        act: [
          'All are alone: bring Redis back (`RedisDown`); no collector needs a restart.',
          'One is alone: its way to Redis, its `REDIS_URL`, its password. `redis.lost` in its log says which.',
        ],
      },
      levels: { series: stands('alone'), fires: 1, silent: 0, labels: { ...COLLECTOR, standing: 'alone' } },
    }),
    define(context, {
      name: 'CollectorNotSettled',
      category: 'fleet',
      severity: 'warning',
      expr: `sum by (instance) (fleet_standing{${COLLECTORS},standing=~"joining|unsure|out"}) == 1`,
      forS: Math.max(120, 4 * lease),
      summary: 'Collector {{ $labels.instance }} polls nothing: it is not yet sure which targets are its own',
      description: 'It waits until the others have let go, or stood still until its lease was over.',
      runbook: {
        meaning: 'For four leases this collector has been `joining`, `unsure` or `out`.',
        impact: 'It polls nothing. What is its own may be polled by nobody.',
        look: [
          ...LOOK,
          "curl -s http://localhost:8080/metrics | grep -E '^fleet_(standing|lease_left|releases_overdue)'",
        ],
        act: [
          '`joining`: somebody else does not let go: `fleet_releases_overdue_total` of the others grows. Restart that one.',
          '`unsure` again and again: it lacks CPU (`CollectorEventLoopStalls`); or a longer `collectors.lease`.',
          '`out`: it drains. A drained collector that stays is to be restarted.',
        ],
      },
      levels: { series: stands('joining'), fires: 1, silent: 0, labels: { instance: COLLECTOR.instance } },
    }),
    define(context, {
      name: 'FleetRedisUnreachable',
      category: 'fleet',
      severity: 'warning',
      subject: 'redis',
      expr: `fleet_redis_connected{${COLLECTORS}} == 0`,
      forS: 60,
      summary: 'Collector {{ $labels.instance }} cannot reach Redis',
      description: 'At the end of its lease it goes on alone.',
      runbook: {
        meaning: 'For a minute this collector has had no connection to Redis.',
        impact: 'None for a lease; then it polls every target by itself (`CollectorAlone`).',
        look: LOOK,
        act: [
          'All of them: `RedisDown`.',
          'One: its network, DNS, `REDIS_URL`, or the limit of clients (`RedisRejectsConnections`).',
        ],
      },
      levels: {
        series: (value) => ({ [series('fleet_redis_connected', COLLECTOR)]: level(value) }),
        fires: 0,
        silent: 1,
        labels: COLLECTOR,
      },
    }),
  ];
}
