import type { Alert } from './alert.js';
import { type AlertContext, COLLECTORS, COMPOSE } from './context.js';
import { type Course, level, rising } from './course.js';
import { COLLECTOR, collectorsUp, define, series } from './define.js';

const RANGE_S = 300;

/** Turns that fell due and were not taken, and the file that says what falls due. */
export function turns(context: AlertContext): Alert[] {
  const range = context.window(RANGE_S);
  const windowS = context.windowS(RANGE_S);
  const all = `sum(rate(telemetry_probes_total{${COLLECTORS}}[${range}]))`;
  const skipped = `sum by (outcome) (rate(telemetry_probes_total{${COLLECTORS},outcome=~"missed|overlap|slow-share-full"}[${range}]))`;
  const ended = (missed: number, fine: number): Record<string, Course> => ({
    [series('telemetry_probes_total', { ...COLLECTOR, probe: 'http', outcome: 'missed' })]: rising(missed),
    [series('telemetry_probes_total', { ...COLLECTOR, probe: 'http', outcome: 'up' })]: rising(fine),
  });
  return [
    define(context, {
      name: 'TurnsMissed',
      category: 'collection',
      severity: 'warning',
      expr: `${skipped} / on () group_left () ${all} > 0.02 and on () ${all} > 0.1`,
      forS: 600,
      summary: '{{ $value | humanizePercentage }} of the turns end as {{ $labels.outcome }}',
      description: 'The collectors do not get round to them.',
      runbook: {
        meaning:
          'For ten minutes more than 2 % of the turns have not run: no slot came free (`missed`), the last one still ran (`overlap`), or too many were slow at once (`slow-share-full`).',
        impact: 'Points are missing in those places, for good.',
        look: [
          "curl -s http://localhost:8080/metrics | grep -E '^(telemetry_probes_total|semaphore_queued|telemetry_slow_runs)'",
          "curl -s http://localhost:8080/targets | jq '.targets[] | select(.p95Ms > 1000) | {name, p95Ms}'",
        ],
        act: [
          '`missed`: see `TargetSlotsBusy` and `CollectorCpuHigh`; more collectors or more slots. With a `limit`: its permits are too few.',
          '`slow-share-full`, `overlap`: slow targets; give them a longer interval or a shorter timeout.',
        ],
      },
      levels: {
        series: (share) => ended(share * 0.8, (1 - share) * 0.8),
        fires: 0.1,
        silent: 0.005,
        windowS,
        labels: { outcome: 'missed' },
        shown: '10%',
      },
      guards: { 'hardly any turn is due': ended(0.005, 0.045) },
    }),
    define(context, {
      name: 'NothingIsPolled',
      category: 'collection',
      severity: 'critical',
      expr: `${all} == 0 and on () count(up{${COLLECTORS}} == 1) > 0`,
      forS: 300,
      summary: 'The collectors are up, and no turn falls due',
      description: 'No target is polled by anybody.',
      runbook: {
        meaning: 'Not one turn has ended in five minutes although collectors answer.',
        impact: 'Nothing is measured.',
        look: [
          "curl -s http://localhost:8080/targets | jq '.targets[0:5][] | {name, owner, why}'",
          "curl -s http://localhost:8080/fleet | jq '{standing, members: [.members[].id]}'",
        ],
        act: [
          'The targets file is empty, or not the one that you mean.',
          '`owner` is null everywhere: the collectors wait for one another; see `CollectorNotSettled`.',
        ],
      },
      levels: {
        series: (rate) => ({
          [series('telemetry_probes_total', { ...COLLECTOR, probe: 'http', outcome: 'up' })]: rising(rate, {
            from: 50,
          }),
          [collectorsUp(1)[0]!]: level(1),
        }),
        fires: 0,
        silent: 1,
        windowS,
        labels: {},
      },
      guards: {
        'no collector is up, which is told already': {
          [series('telemetry_probes_total', { ...COLLECTOR, probe: 'http', outcome: 'up' })]: level(50),
          [collectorsUp(1)[0]!]: level(0),
        },
      },
    }),
    define(context, {
      name: 'TargetsFileBroken',
      category: 'collection',
      severity: 'warning',
      expr: `max(telemetry_targets_file_broken{${COLLECTORS}}) == 1`,
      forS: 60,
      summary: 'The targets file cannot be used; the last good one is still in force',
      description: 'A collector that is started now would not start.',
      runbook: {
        meaning: 'A collector read the targets file after a change and found mistakes.',
        impact: 'None yet: what was polled goes on. Changes have no effect, and a restart would fail.',
        look: [
          `${COMPOSE} logs --tail 200 network-telemetry-1 | grep targets`,
          'curl -s http://localhost:8080/metrics | grep telemetry_targets_file',
        ],
        act: [
          'The log names line, column and what is allowed there. Mend it; it is read again by itself.',
          'In a hurry: put the last version back.',
        ],
      },
      levels: {
        series: (value) => ({ [series('telemetry_targets_file_broken', COLLECTOR)]: level(value) }),
        fires: 1,
        silent: 0,
        labels: {},
      },
    }),
    filesDiffer(context),
  ];
}

/** Longer than it takes to bring a file everywhere: a Kubernetes volume takes about two minutes. */
const FILES_SPREAD_S = 600;

function filesDiffer(context: AlertContext): Alert {
  return define(context, {
    name: 'TargetsFilesDiffer',
    category: 'collection',
    severity: 'warning',
    expr: `max(telemetry_targets_file_hash{${COLLECTORS}}) - min(telemetry_targets_file_hash{${COLLECTORS}}) > 0`,
    forS: FILES_SPREAD_S,
    summary: 'The collectors have different targets files',
    description: 'A target that is missing in the file of its owner is polled by nobody.',
    runbook: {
      meaning: 'For ten minutes the targets files in force have not been the same everywhere.',
      impact:
        'A target that only some files name may be polled by nobody; others are polled in two ways, by who owns them.',
      look: [
        'curl -s http://localhost:9090/api/v1/query --data-urlencode query=telemetry_targets_file_hash | jq -c ".data.result[] | [.metric.instance, .value[1]]"',
        `${COMPOSE} logs --tail 200 network-telemetry-1 | grep targets`,
      ],
      act: [
        'Bring the same file to all; each reads it by itself, or on SIGHUP.',
        'One says that its file is broken: see `TargetsFileBroken`.',
      ],
    },
    levels: {
      series: (difference) => ({
        [hashOf(COLLECTOR.instance)]: level(1000),
        [hashOf('network-telemetry-2/10.0.0.12:8080')]: level(1000 + difference),
      }),
      fires: 1,
      silent: 0,
      labels: {},
    },
  });
}

const hashOf = (instance: string): string => series('telemetry_targets_file_hash', { ...COLLECTOR, instance });
