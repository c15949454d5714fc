import type { Alert } from './alert.js';
import { type AlertContext, COLLECTORS } from './context.js';
import { level, rising } from './course.js';
import { COLLECTOR, define, series } from './define.js';

const RANGE_S = 300;

/** Targets that fail, and those that are not asked any more. */
export function targetErrors(context: AlertContext): Alert[] {
  const range = context.window(RANGE_S);
  const turns = (labels: string) => `sum by (probe) (rate(telemetry_probes_total{${COLLECTORS}${labels}}[${range}]))`;
  const probes = { ...COLLECTOR, probe: 'http' };
  const ended = (failed: number, fine: number) => ({
    [series('telemetry_probes_total', { ...probes, outcome: 'down' })]: rising(failed),
    [series('telemetry_probes_total', { ...probes, outcome: 'up' })]: rising(fine),
  });
  const states = (open: number) => ({
    [series('telemetry_targets', { ...probes, state: 'open' })]: level(open * 100),
    [series('telemetry_targets', { ...probes, state: 'up' })]: level((1 - open) * 100),
  });
  return [
    define(context, {
      name: 'TargetErrorsHigh',
      category: 'scaling',
      severity: 'warning',
      expr: `${turns(',outcome=~"down|timeout"')} / ${turns('')} > 0.25 and ${turns('')} > 0.1`,
      forS: 600,
      summary: '{{ $value | humanizePercentage }} of the {{ $labels.probe }} polls fail',
      description: 'Single dead targets do not bring it there: something is wrong that many have in common.',
      runbook: {
        meaning:
          'For ten minutes more than a quarter of the turns of this kind of probe have ended as `down` or `timeout`.',
        impact: 'Those targets are measured as down. Their circuits open, and they are asked once a minute only.',
        look: [
          "curl -s http://localhost:8080/metrics | grep telemetry_probe_errors_total | grep -v ' 0$'",
          'curl -s http://localhost:8080/targets | jq \'.targets[] | select(.state == "failing") | {name, probe}\'',
        ],
        act: [
          'One error code prevails: `dns` the name servers, `auth` a secret that changed, `timeout` or `unreachable` the network or a firewall, `tls` certificates.',
          'In Kubernetes: are the targets within `collectors.targetCidrs`? Other egress is denied.',
        ],
      },
      levels: {
        series: (share) => ended(share * 0.8, (1 - share) * 0.8),
        fires: 0.4,
        silent: 0.1,
        windowS: context.windowS(RANGE_S),
        labels: { probe: 'http' },
        shown: '40%',
      },
      guards: { 'hardly any turn is due': ended(0.02, 0.03) },
    }),
    define(context, {
      name: 'CircuitBreakersOpen',
      category: 'availability',
      severity: 'warning',
      expr: `sum by (probe) (telemetry_targets{${COLLECTORS},state="open"}) / sum by (probe) (telemetry_targets{${COLLECTORS}}) > 0.1`,
      forS: 600,
      summary: 'The circuits of {{ $value | humanizePercentage }} of the {{ $labels.probe }} targets are open',
      description: 'They are not asked, but once in CIRCUIT_RECOVERY_TIMEOUT each to see whether they are well again.',
      runbook: {
        meaning:
          'For ten minutes more than 10 % of the targets of this kind of probe have had an open circuit: they failed several times in a row.',
        impact: 'Nothing is measured of them meanwhile; the slots that they would take are free for others.',
        look: [
          'curl -s http://localhost:8080/targets | jq \'.targets[] | select(.circuit == "open") | {name, probe}\'',
          'curl -s http://localhost:8080/metrics | grep circuit_breaker_keys',
        ],
        act: [
          'See what those targets have in common, as under `TargetErrorsHigh`.',
          'They are well again: circuits close by themselves within about a minute. At once: `POST /breakers/{target}/reset` at the collector that owns it; no restart is needed.',
        ],
      },
      levels: {
        series: states,
        fires: 0.3,
        silent: 0.05,
        labels: { probe: 'http' },
        shown: '30%',
      },
    }),
  ];
}
