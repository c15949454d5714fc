import { type Board, type BoardContext, collectorsUp, firing, steps } from './board.js';
import { burnPanel, objectivePanel } from './objective.js';
import { ANSWERING, chosen, max, quantile, rate, sum } from './query.js';

const NAMES = ['collection', 'performance', 'scaling'] as const;

export function collection(context: BoardContext): Board {
  const { stack, collectors } = context.plan;
  const { requests, limits } = stack.collectors.resources;
  const objective = {
    ...stack.objectives.collection,
    ratio: 'job:telemetry_turns_without_point:ratio_rate',
    name: 'Collection',
  };
  const probe = 'probe=~"$probe"';
  const turns = (matchers = '') => rate(chosen('telemetry_probes_total', probe, matchers));
  const busy = rate(chosen('telemetry_collection_duration_seconds_sum'));
  return {
    file: 'collection',
    title: 'Collection',
    description: 'What the collectors poll: whether each turn is taken, how long probes run, and what room is left.',
    job: collectors.name,
    identity: 'telemetry_build_info',
    started: 'process_start_time_seconds',
    variables: [
      {
        name: 'probe',
        of: 'telemetry_collection_duration_seconds_count{job=~"$job",instance=~"$instance"}',
        label: 'probe',
        description: 'Which kinds of probes',
      },
    ],
    categories: NAMES,
    rows: [
      {
        title: 'Is it fine?',
        perLine: 4,
        panels: [
          firing(NAMES),
          collectorsUp(context),
          objectivePanel(context, objective, 'Turns that brought a point, of those that fell due'),
          {
            kind: 'stat',
            title: 'Turns missed',
            description:
              'Share of the turns that were due and not taken: missed, overlapping, or no room among slow targets.',
            unit: 'percentunit',
            decimals: 2,
            queries: [{ expr: `${sum(turns('outcome=~"missed|overlap|slow-share-full"'))} / (${sum(turns())} > 0)` }],
            steps: context.limits('TurnsMissed'),
            alerts: ['TurnsMissed', 'NothingIsPolled'],
          },
          {
            kind: 'stat',
            title: 'Slots busy',
            description: `Slots that turns take up, of ${collectors.targetSlots} at each collector (MAX_CONCURRENT_TARGETS). The HPA aims at ${stack.collectors.scaling.busy} %.`,
            unit: 'percentunit',
            queries: [{ expr: `${sum(busy)} / (${ANSWERING} * ${collectors.targetSlots})` }],
            steps: [
              ...steps('green', [stack.collectors.scaling.busy / 100, 'yellow']),
              ...context.limits('TargetSlotsBusy').slice(1),
            ],
            alerts: ['TargetSlotsBusy'],
          },
          {
            kind: 'stat',
            title: 'Turns start late by',
            description: 'The 99th percentile of the time from the instant of a turn to the start of its probe.',
            unit: 's',
            queries: [{ expr: quantile(0.99, 'telemetry_turn_delay_seconds', '') }],
            ...context.limitedBy('TurnsLate'),
          },
          {
            kind: 'stat',
            title: 'Probes that fail',
            description: 'The kind of probe with the largest share of turns that ended down or in a timeout.',
            unit: 'percentunit',
            decimals: 1,
            queries: [
              { expr: `max(${sum(turns('outcome=~"down|timeout"'), 'probe')} / (${sum(turns(), 'probe')} > 0))` },
            ],
            ...context.limitedBy('TargetErrorsHigh'),
          },
          {
            kind: 'stat',
            title: 'Targets file',
            description:
              'Mistakes in the targets file as it is now; while it has some, the last good one stays in force.',
            unit: 'none',
            queries: [{ expr: max(chosen('telemetry_targets_file_mistakes')) }],
            steps: steps('green', [1, 'orange']),
            alerts: ['TargetsFileBroken', 'TargetsFilesDiffer'],
          },
        ],
      },
      {
        title: 'Turns',
        perLine: 2,
        panels: [
          {
            kind: 'series',
            title: 'Turns by outcome',
            description: 'Each turn that fell due, whether it ran or not.',
            unit: 'ops',
            stacked: true,
            queries: [{ expr: sum(turns(), 'outcome'), legend: '{{outcome}}' }],
            alerts: ['NothingIsPolled'],
          },
          {
            kind: 'series',
            title: 'Turns without a point',
            rare: true,
            description:
              'missed: no slot in time; overlap: the turn before still ran; slow-share-full: no room among the slow ones; aborted: the collector ended or lost the target; open: the circuit of the target is open.',
            unit: 'ops',
            queries: [
              {
                expr: sum(turns('outcome=~"missed|overlap|slow-share-full|aborted|open"'), 'outcome'),
                legend: '{{outcome}}',
              },
            ],
            alerts: ['TurnsMissed'],
          },
          {
            kind: 'series',
            title: 'Errors of probes',
            rare: true,
            description: 'Runs that were not up, by kind of probe and first error.',
            unit: 'ops',
            queries: [
              {
                expr: sum(rate(chosen('telemetry_probe_errors_total', probe)), 'probe', 'code'),
                legend: '{{probe}} {{code}}',
              },
            ],
            alerts: ['TargetErrorsHigh'],
          },
          {
            kind: 'series',
            title: 'Samples',
            description: 'What became of the lines of each turn: lost ones reached no sink.',
            unit: 'ops',
            queries: [
              { expr: sum(rate(chosen('telemetry_samples_total')), 'outcome'), legend: '{{outcome}}' },
              { expr: sum(rate(chosen('telemetry_lines_lost_total')), 'reason'), legend: 'lines lost: {{reason}}' },
            ],
            alerts: ['LinesLost'],
          },
        ],
      },
      {
        title: 'How long it takes',
        perLine: 2,
        panels: [
          {
            kind: 'series',
            title: 'Duration of probes, p95',
            description: 'From the slot to the last answer or the timeout, by kind of probe.',
            unit: 's',
            queries: [
              { expr: quantile(0.95, 'telemetry_collection_duration_seconds', probe, 'probe'), legend: '{{probe}}' },
            ],
            ...context.limitedBy('CollectionSlow'),
          },
          {
            kind: 'heatmap',
            title: 'Duration of probes',
            description: 'How many probes took how long: two bands mean two kinds of targets.',
            unit: 's',
            queries: [
              {
                expr: sum(
                  `increase(${chosen('telemetry_collection_duration_seconds_bucket', probe)}[$__rate_interval])`,
                  'le',
                ),
              },
            ],
          },
          {
            kind: 'series',
            title: 'Delay of turns',
            description: 'From the instant a turn was scheduled for to the start of its probe.',
            unit: 's',
            queries: [0.5, 0.95, 0.99].map((share) => ({
              expr: quantile(share, 'telemetry_turn_delay_seconds', ''),
              legend: `p${share * 100}`,
            })),
            ...context.limitedBy('TurnsLate'),
          },
          {
            kind: 'bars',
            title: 'Slowest targets',
            description: 'The 95th percentile of the latest 32 runs of each; a collector names 20 of its own at most.',
            unit: 's',
            queries: [
              {
                expr: `topk(20, ${max(chosen('telemetry_slowest_targets_seconds', probe), 'target', 'probe')})`,
                legend: '{{probe}} {{target}}',
              },
            ],
            min: 0,
            steps: context.limits('CollectionSlow'),
          },
        ],
      },
      {
        title: 'Targets',
        perLine: 3,
        panels: [
          {
            kind: 'series',
            title: 'Targets by state',
            description:
              'waiting: for their first turn; failing: the last run was not up; open: not asked since their circuit is open.',
            unit: 'none',
            stacked: true,
            queries: [{ expr: sum(chosen('telemetry_targets', probe), 'state'), legend: '{{state}}' }],
            alerts: ['CircuitBreakersOpen'],
          },
          {
            kind: 'series',
            title: 'Targets not up, by probe',
            description: 'Targets that fail, or whose circuit is open.',
            unit: 'none',
            queries: [
              {
                expr: sum(chosen('telemetry_targets', `${probe},state=~"failing|open"`), 'probe', 'state'),
                legend: '{{probe}} {{state}}',
              },
            ],
            alerts: ['CircuitBreakersOpen', 'TargetErrorsHigh'],
          },
          {
            kind: 'series',
            title: 'Turns left to others',
            description:
              'Turns that fell due here and were left to the next owner, and runs that went on in the slow share.',
            unit: 'ops',
            queries: [
              { expr: sum(rate(chosen('telemetry_turns_left_total'))), legend: 'left' },
              { expr: sum(rate(chosen('telemetry_slow_runs_total'))), legend: 'slow' },
            ],
          },
        ],
      },
      {
        title: 'Room that is left',
        perLine: 2,
        panels: [
          {
            kind: 'series',
            title: 'Slots in use',
            description: 'Slots that turns took up on average: what the HPA scales on.',
            unit: 'none',
            queries: [{ expr: sum(busy, 'instance'), legend: '{{instance}}' }],
            steps: steps(
              'green',
              [(collectors.targetSlots * stack.collectors.scaling.busy) / 100, 'yellow'],
              [collectors.targetSlots, 'red'],
            ),
            alerts: ['TargetSlotsBusy', 'CollectorsAtMinimumUnderLoad'],
          },
          {
            kind: 'series',
            title: 'Processor',
            description: `Cores that each collector uses; it asks for ${requests.cpu} and gets ${limits.cpu} at most.`,
            unit: 'none',
            decimals: 2,
            queries: [{ expr: rate(chosen('process_cpu_seconds_total')), legend: '{{instance}}' }],
            steps: steps('green', [(requests.cpu * stack.collectors.scaling.cpu) / 100, 'yellow'], [limits.cpu, 'red']),
            alerts: ['CollectorCpuHigh'],
          },
          {
            kind: 'series',
            title: 'Memory',
            description: 'Resident memory of each collector, against its request and its limit.',
            unit: 'bytes',
            queries: [{ expr: chosen('process_resident_memory_bytes'), legend: '{{instance}}' }],
            steps: steps(
              'green',
              [(requests.memory * stack.collectors.scaling.memory) / 100, 'yellow'],
              [limits.memory, 'red'],
            ),
            alerts: ['CollectorMemoryHigh'],
          },
          {
            kind: 'series',
            title: 'Event loop',
            description:
              'How late the event loop ran its timers, and for which share of the time it stood still for more than 100 ms.',
            unit: 's',
            queries: [
              { expr: chosen('telemetry_event_loop_lag_seconds', 'quantile="0.99"'), legend: '{{instance}} p99' },
              { expr: rate(chosen('telemetry_event_loop_stalled_seconds_total')), legend: '{{instance}} stalled' },
            ],
            alerts: ['CollectorEventLoopStalls'],
          },
        ],
      },
      { title: 'Objective', perLine: 1, panels: [burnPanel(context, objective)] },
    ],
  };
}
