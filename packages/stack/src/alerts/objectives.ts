import { showDuration } from '../file/units.js';
import type { Alert, Category, RecordingRule } from './alert.js';
import type { Case } from './case.js';
import { type AlertContext, COLLECTORS } from './context.js';
import { type Course, gone, level, onwards, rising } from './course.js';
import { COLLECTOR, series } from './define.js';

const HOUR_S = 3600;

/**
 * Pairs of windows, and the share of the error budget that is gone after the long one at the rate of the alert: see
 * "Alerting on SLOs", https://sre.google/workbook/alerting-on-slos/. The short window ends the alert soon after its cause.
 */
export const BURNS = [
  { shortS: 300, longS: HOUR_S, budget: 0.02, severity: 'critical', forS: 120 },
  { shortS: 1800, longS: 6 * HOUR_S, budget: 0.05, severity: 'critical', forS: 300 },
  { shortS: 2 * HOUR_S, longS: 24 * HOUR_S, budget: 0.1, severity: 'warning', forS: 1800 },
  { shortS: 6 * HOUR_S, longS: 72 * HOUR_S, budget: 0.1, severity: 'warning', forS: 3600 },
] as const;
type Burn = (typeof BURNS)[number];

const WINDOWS = [...new Set(BURNS.flatMap(({ shortS, longS }) => [shortS, longS]))].sort((a, b) => a - b);

/** Turns that the collectors owed and did not take. A target that is down has been measured; one with an open circuit is not owed. */
const NOT_TAKEN = 'missed|overlap|slow-share-full|aborted';

/** The collector's own default of the setting with this name, in seconds. */
const LANE_MAX_LAG_S = 10;
const LANE_LATE = 'lane:delivery_late:bool';

/** Below this rate one turn or point more or less decides. */
const TRAFFIC = 0.1;
/** What comes in, in the cases: not ten times as much. */
const CASE_TRAFFIC = 0.95;

interface Objective {
  readonly category: Category;
  /** Begins the names of its alerts. */
  readonly name: string;
  /** The series of its error ratio over a window. */
  readonly ratio: (windowS: number) => string;
  /** What must come in for a ratio to say anything. */
  readonly traffic: (windowS: number) => string;
  readonly percent: number;
  readonly periodS: number;
  readonly what: string;
  readonly where: string;
  readonly impact: string;
  readonly look: readonly string[];
  readonly act: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Series with an error ratio, then another one. */
  readonly history: (stretches: ReadonlyArray<readonly [ratio: number, lastsS: number]>) => Record<string, Course>;
  /** As bad as can be, of next to nothing. */
  readonly hardlyAny: Record<string, Course>;
}

/** A rate of a burn: how many times faster than the budget allows. */
export const burnFactor = ({ budget, longS }: Pick<Burn, 'budget' | 'longS'>, periodS: number): number =>
  (budget * periodS) / longS;

export function objectiveRules(context: AlertContext): RecordingRule[] {
  const { collectors } = context.plan.stack;
  const late = Number(collectors.settings['LANE_MAX_LAG'] ?? LANE_MAX_LAG_S);
  return [
    // While something waits for longer, the backend is not read from: what is accepted meanwhile counts as late.
    { record: LANE_LATE, expr: `delivery_lag_seconds{${COLLECTORS}} > bool ${late}` },
    ...WINDOWS.flatMap((windowS) => {
      const window = context.window(windowS);
      const turns = (matcher: string) =>
        `sum(rate(telemetry_probes_total{${COLLECTORS},outcome${matcher}}[${window}]))`;
      const accepted = `rate(delivery_accepted_points_total{${COLLECTORS}}[${window}])`;
      const lost = `sum(rate(telemetry_samples_total{${COLLECTORS},outcome="lost"}[${window}]))`;
      return [
        {
          record: `job:telemetry_turns_without_point:ratio_rate${window}`,
          expr: `(${turns(`=~"${NOT_TAKEN}"`)} + ${lost}) / ${turns('!="open"')}`,
        },
        {
          record: `backend:delivery_late_points:ratio_rate${window}`,
          expr: `sum by (backend) (${accepted} * avg_over_time(${LANE_LATE}[${window}])) / sum by (backend) (${accepted})`,
        },
      ];
    }),
  ];
}

export const objectiveAlerts = (context: AlertContext): Alert[] =>
  [collection(context), delivery(context)].flatMap((objective) =>
    BURNS.map((burn) => burnAlert(context, objective, burn)),
  );

function burnAlert(context: AlertContext, objective: Objective, burn: Burn): Alert {
  const { name, ratio, traffic, percent, periodS, what, where } = objective;
  const factor = burnFactor(burn, periodS);
  const allowed = 1 - percent / 100;
  const limit = Number((factor * allowed).toPrecision(6));
  const long = showDuration(burn.longS);
  const forS = context.forS(burn.forS);
  const day = showDays(periodS / factor);
  return {
    name: `${name}BudgetBurns${long.toUpperCase()}`,
    category: objective.category,
    severity: burn.severity,
    subject: `${objective.category}-objective`,
    expr: `${ratio(burn.longS)} > ${limit} and ${ratio(burn.shortS)} > ${limit} and ${traffic(burn.shortS)} > ${TRAFFIC}`,
    forS,
    summary: `{{ $value | humanizePercentage }} of ${what}${where} in ${long}`,
    description: `The objective is ${percent} % over ${showDays(periodS)}; at this rate what it leaves room for is used up in ${day}.`,
    runbook: {
      meaning: `Over the last ${long}, and still over the last ${showDuration(burn.shortS)}, ${what} made up more than ${Number((limit * 100).toPrecision(4))} %: ${Number(factor.toPrecision(3))} times as many as the objective of ${percent} % allows.`,
      impact: `${objective.impact} At this rate the error budget of ${showDays(periodS)} is gone in ${day}.`,
      look: objective.look,
      act: objective.act,
    },
    cases: burnCases(context, objective, burn, limit, forS),
  };
}

/** `50 hours`, `10 days` */
const showDays = (seconds: number): string => {
  const hours = Number((seconds / HOUR_S).toPrecision(2));
  return hours < 72 ? `${hours} hours` : `${Number((hours / 24).toPrecision(2))} days`;
};

function burnCases(context: AlertContext, objective: Objective, burn: Burn, limit: number, forS: number): Case[] {
  const { labels, history } = objective;
  const bad = Math.min(1, limit * 1.5);
  // As coarse as the windows and the `for` can bear: the long ones look over days.
  const stepS = Math.max(context.scrapeS, Math.min(burn.shortS / 10, forS / 4));
  const grid = (seconds: number) => Math.ceil(seconds / stepS) * stepS;
  // Counters begin at zero, so the rate over the short window grows until there is enough of it.
  const leadS = grid((burn.shortS * TRAFFIC) / CASE_TRAFFIC + 1);
  const firesAtS = leadS + grid(forS) + 2 * stepS;
  const one = (
    verdict: Case['verdict'],
    when: string,
    series: Record<string, Course>,
    atS: number,
    fires = verdict === 'fires',
  ): Case => ({
    verdict,
    when,
    series,
    atS,
    stepS,
    expected: fires ? [{ labels, shown: showPercent(bad) }] : [],
  });
  const forever = 10 * burn.longS;
  const burnt = history([[bad, forever]]);
  const vanishing = Object.fromEntries(
    Object.entries(history([[bad, leadS + 2 * stepS]])).map(([name, course]) => [name, [...course, ...gone]] as const),
  );
  return [
    one('fires', 'the budget burns half as fast again as it may', burnt, firesAtS),
    one('pending', 'it has only just begun', burnt, leadS + grid(forS / 2)),
    one('silent', 'it burns at half of the rate', history([[limit / 2, forever]]), firesAtS),
    one(
      'silent',
      'it is over, although the long window remembers',
      history([
        [bad, grid(burn.shortS * 4)],
        [limit / 2, forever],
      ]),
      grid(burn.shortS * 5.2),
    ),
    one(
      'silent',
      'it has begun, and the long window is fine yet',
      history([
        [limit / 20, grid(burn.shortS * 4)],
        [Math.min(1, limit * 2), forever],
      ]),
      grid(burn.shortS * 4) + grid(burn.shortS),
    ),
    one('silent', 'next to nothing comes in', objective.hardlyAny, firesAtS),
    one('missing', 'its series vanish', vanishing, leadS + grid(burn.shortS + forS) + 4 * stepS),
  ];
}

const showPercent = (ratio: number): string => `${Number((ratio * 100).toPrecision(4))}%`;

function collection(context: AlertContext): Objective {
  const { percent, period } = context.plan.stack.objectives.collection;
  const turn = (outcome: string) => series('telemetry_probes_total', { ...COLLECTOR, probe: 'http', outcome });
  const lost = series('telemetry_samples_total', { ...COLLECTOR, outcome: 'lost' });
  const rates = (perSecond: number, stretches: ReadonlyArray<readonly [number, number]>) => ({
    [turn('missed')]: path(stretches.map(([ratio, lastsS]) => [perSecond * ratio, lastsS])),
    [turn('up')]: path(stretches.map(([ratio, lastsS]) => [perSecond * (1 - ratio), lastsS])),
    [lost]: level(0),
  });
  return {
    category: 'collection',
    name: 'Collection',
    ratio: (windowS) => `job:telemetry_turns_without_point:ratio_rate${context.window(windowS)}`,
    traffic: (windowS) => `sum(rate(telemetry_probes_total{${COLLECTORS}}[${context.window(windowS)}]))`,
    percent,
    periodS: period,
    what: 'turns brought no point',
    where: '',
    impact: 'These measurements are missing for good.',
    look: [
      "curl -s http://localhost:8080/metrics | grep -E '^telemetry_(probes|samples)_total'",
      "curl -s http://localhost:8080/targets | jq '.targets[] | select(.p95Ms > 1000) | {name, p95Ms}'",
    ],
    act: [
      'The outcome that grows says where: `missed` slots or CPU (`TargetSlotsBusy`), `slow-share-full` and `overlap` slow targets, `aborted` collectors that restart or change owners all the time.',
      'Samples are lost: `LinesLost`, `IntakeClosed`.',
    ],
    labels: {},
    history: (stretches) => rates(CASE_TRAFFIC, stretches),
    hardlyAny: rates(TRAFFIC / 2, [[1, 10 * 72 * HOUR_S]]),
  };
}

function delivery(context: AlertContext): Objective {
  const { stack } = context.plan;
  const { percent, period } = stack.objectives.delivery;
  const backend = `http://influxdb-1:${stack.backends.port}`;
  const others = (name: string, slot: string) => series(name, { ...COLLECTOR, backend, slot });
  // Two lanes of one backend, one of them late all the time and one never: their traffic makes the ratio.
  const lanes = (perSecond: number, stretches: ReadonlyArray<readonly [number, number]>) => ({
    [others('delivery_accepted_points_total', 'slot-0')]: path(stretches.map(([ratio, s]) => [perSecond * ratio, s])),
    [others('delivery_accepted_points_total', 'slot-1')]: path(
      stretches.map(([ratio, s]) => [perSecond * (1 - ratio), s]),
    ),
    [others('delivery_lag_seconds', 'slot-0')]: path(
      stretches.map(([, s]) => [0, s]),
      60,
    ),
    [others('delivery_lag_seconds', 'slot-1')]: path(
      stretches.map(([, s]) => [0, s]),
      2,
    ),
  });
  return {
    category: 'delivery',
    name: 'Delivery',
    ratio: (windowS) => `backend:delivery_late_points:ratio_rate${context.window(windowS)}`,
    traffic: (windowS) =>
      `sum by (backend) (rate(delivery_accepted_points_total{${COLLECTORS}}[${context.window(windowS)}]))`,
    percent,
    periodS: period,
    what: 'points came late',
    where: ' to {{ $labels.backend }}',
    impact: 'While points are late this backend is not read from; with all of them late, what is read is old.',
    look: [
      "curl -s http://localhost:8080/health/lanes | jq '.lanes[]'",
      "curl -s http://localhost:8080/metrics | grep -E '^delivery_(lag|lane_held|pending)'",
    ],
    act: [
      'A lane is held: `LaneHeld`, `LaneRefused` or `InfluxdbDown` says why.',
      'None is held and the lag grows: the backend is slower than what comes in (`InfluxdbWriteLoadHigh`), or points come in bursts.',
    ],
    labels: { backend },
    history: (stretches) => lanes(CASE_TRAFFIC, stretches),
    hardlyAny: lanes(TRAFFIC / 2, [[1, 10 * 72 * HOUR_S]]),
  };
}

/** A course of slopes, one after the other. */
const path = (stretches: ReadonlyArray<readonly [slope: number, lastsS: number]>, from = 0): Course =>
  stretches.flatMap(([slope, lastsS], index) =>
    index === 0 ? rising(slope, { from, lastsS }) : onwards(slope, lastsS),
  );
