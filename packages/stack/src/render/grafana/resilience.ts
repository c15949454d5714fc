import { type Board, type BoardContext, firing, type Panel, type Query, steps } from './board.js';
import { chosen, max, quantile, rate, sum } from './query.js';

/** Calls that fail well show in how the collectors work. */
const CATEGORIES = ['performance', 'scaling', 'collection'] as const;
const POLICY = 'policy=~"$policy"';
const of = (metric: string, matchers = '') => chosen(metric, POLICY, matchers);
const perPolicy = (metric: string, ...labels: string[]) => sum(rate(of(metric)), 'policy', ...labels);

/** What refuses calls, each with its counter of refusals. */
const REFUSALS = [
  ['circuit', 'circuit_breaker_rejections_total'],
  ['pool', 'connection_pool_rejections_total'],
  ['semaphore', 'semaphore_rejected_total'],
] as const;

export function resilience(context: BoardContext): Board {
  const { collectors } = context.plan;
  const open = sum(chosen('telemetry_targets', 'state="open"'));
  return {
    file: 'resilience',
    title: 'Resilience',
    description:
      'Circuit breakers, pools, semaphores, batches and timeouts of the collectors: what they refuse, and how full they are.',
    job: collectors.name,
    identity: 'telemetry_build_info',
    started: 'process_start_time_seconds',
    variables: [
      {
        name: 'policy',
        of: '{__name__=~"circuit_breaker_transitions_total|connection_pool_connections_max|semaphore_permits|batch_workers|timeout_expired_total",job=~"$job",instance=~"$instance"}',
        label: 'policy',
        description: 'Which policies, by name',
      },
    ],
    categories: CATEGORIES,
    rows: [
      {
        title: 'Is it fine?',
        perLine: 4,
        panels: [
          firing(CATEGORIES),
          {
            kind: 'stat',
            title: 'Targets with open circuits',
            description: 'Share of the targets that are not asked since they failed too often.',
            unit: 'percentunit',
            decimals: 1,
            queries: [{ expr: `${open} / ${sum(chosen('telemetry_targets'))}` }],
            ...context.limitedBy('CircuitBreakersOpen'),
          },
          {
            kind: 'stat',
            title: 'Circuits not closed',
            description:
              'Single circuits, such as those of lanes to backends, that are open or try whether they may close.',
            unit: 'none',
            queries: [{ expr: sum(of('circuit_breaker_state', 'state=~"open|half-open|isolated"')) }],
            steps: steps('green', [1, 'orange']),
            alerts: ['LaneHeld'],
          },
          {
            kind: 'stat',
            title: 'Refusals',
            description: 'Calls in a second that did not run because a circuit, a pool or a semaphore refused them.',
            unit: 'ops',
            decimals: 2,
            queries: [{ expr: REFUSALS.map(([, metric]) => `(${sum(rate(of(metric)))} or vector(0))`).join(' + ') }],
          },
          {
            kind: 'stat',
            title: 'Fullest pool',
            description: 'Sockets that work, against the most that the pool opens.',
            unit: 'percentunit',
            decimals: 0,
            queries: [
              {
                expr: `max(${of('connection_pool_connections', 'state="busy"')} / ignoring (state) ${of('connection_pool_connections_max')})`,
              },
            ],
            ...context.limitedBy('ConnectionPoolExhausted'),
          },
          {
            kind: 'stat',
            title: 'Slots for targets',
            description: `Permits in use of the ${collectors.targetSlots} slots of a collector, at the busiest one.`,
            unit: 'percentunit',
            decimals: 0,
            queries: [
              {
                expr: `max(${chosen('semaphore_permits_in_use', 'policy="target-slots"')} / ${chosen('semaphore_permits', 'policy="target-slots"')})`,
              },
            ],
            ...context.limitedBy('TargetSlotsBusy'),
          },
          {
            kind: 'stat',
            title: 'Fullest batch queue',
            description: 'Items that wait against the room that there is; when it is full, lines are lost.',
            unit: 'percentunit',
            decimals: 0,
            queries: [{ expr: max(`${of('batch_queued_items')} / ${of('batch_queue_limit_items')}`) }],
            ...context.limitedBy('SinkQueueFilling'),
          },
          {
            kind: 'stat',
            title: 'Running on',
            description:
              'Operations that still run although their timeout is over and their caller was answered: they keep what they hold.',
            unit: 'none',
            queries: [{ expr: sum(of('timeout_operations_running_on')) }],
          },
        ],
      },
      {
        title: 'Circuit breakers',
        perLine: 2,
        panels: [
          {
            kind: 'series',
            title: 'Keys by state',
            description: 'Keys (targets, origins) that keyed breakers hold an entry for; one at rest has none.',
            unit: 'none',
            stacked: true,
            queries: [{ expr: sum(of('circuit_breaker_keys'), 'policy', 'state'), legend: '{{policy}} {{state}}' }],
            alerts: ['CircuitBreakersOpen'],
          },
          {
            kind: 'series',
            title: 'Single circuits by state',
            rare: true,
            description: 'How many collectors have each circuit in a state that is not closed.',
            unit: 'none',
            queries: [
              {
                expr: sum(of('circuit_breaker_state', 'state!="closed"'), 'policy', 'state'),
                legend: '{{policy}} {{state}}',
              },
            ],
          },
          rates(
            'Changes of state',
            'Circuits that changed, by the state that they entered. Many in both directions: something flaps.',
            'circuit_breaker_transitions_total',
            'to',
          ),
          rates(
            'Calls',
            'Calls that ran, by what they meant to the circuit; late ones began in an older state and changed nothing.',
            'circuit_breaker_calls_total',
            'outcome',
          ),
          {
            kind: 'series',
            title: 'Refusals of all kinds',
            rare: true,
            description: 'Calls in a second that did not run, by what refused them and why.',
            unit: 'ops',
            stacked: true,
            queries: REFUSALS.map(
              ([what, metric]): Query => ({
                expr: perPolicy(metric, 'reason'),
                legend: `${what} {{policy}}: {{reason}}`,
              }),
            ),
          },
          {
            kind: 'series',
            title: 'Keys open in the fleet',
            description:
              'Keys that the fleet holds open, as each collector knows; the hints are on the fleet dashboard.',
            unit: 'none',
            queries: [{ expr: max(of('fleet_breaker_open_keys'), 'policy'), legend: '{{policy}}' }],
            alerts: ['CircuitBreakersOpen'],
          },
        ],
      },
      {
        title: 'Connection pools',
        perLine: 3,
        panels: [
          {
            kind: 'series',
            title: 'Sockets',
            description: 'Sockets by what they do; their sum is what the cap limits, idle ones included.',
            unit: 'none',
            queries: [
              { expr: sum(of('connection_pool_connections'), 'policy', 'state'), legend: '{{policy}} {{state}}' },
              { expr: sum(of('connection_pool_connections_max'), 'policy'), legend: '{{policy}} at most' },
            ],
            alerts: ['ConnectionPoolExhausted'],
          },
          {
            kind: 'series',
            title: 'Waiting requests',
            description: 'Requests that wait without a socket being opened for them.',
            unit: 'none',
            queries: [{ expr: sum(of('connection_pool_queued'), 'policy'), legend: '{{policy}}' }],
            alerts: ['ConnectionPoolExhausted'],
          },
          {
            kind: 'series',
            title: 'Time for a socket, p95',
            description:
              'How long requests waited for their sockets, and how long sockets took to open: look-up, TCP and TLS.',
            unit: 's',
            queries: [
              { expr: quantile(0.95, 'connection_pool_wait_seconds', POLICY, 'policy'), legend: '{{policy}} wait' },
              { expr: quantile(0.95, 'connection_pool_connect_seconds', POLICY, 'policy'), legend: '{{policy}} open' },
            ],
          },
          rates(
            'Sockets that could not be opened',
            'By reason; cancelled: nobody wanted them any more.',
            'connection_pool_connect_errors_total',
            'reason',
          ),
          rates(
            'Name look-ups',
            'By how they ended; file: the hosts file answered, rejected: too many were under way.',
            'connection_pool_lookups_total',
            'result',
          ),
          rates(
            'Requests by socket',
            'Requests that were given a socket, by whether it had served before.',
            'connection_pool_requests_total',
            'socket',
          ),
        ],
      },
      {
        title: 'Semaphores',
        perLine: 3,
        panels: [
          {
            kind: 'series',
            title: 'Permits in use',
            description:
              'Share of the permits that are taken, at the busiest collector; of a keyed semaphore the permits are for each key.',
            unit: 'percentunit',
            min: 0,
            queries: [
              {
                expr: max(`${of('semaphore_permits_in_use')} / ${of('semaphore_permits')}`, 'policy'),
                legend: '{{policy}}',
              },
            ],
            alerts: ['TargetSlotsBusy'],
          },
          {
            kind: 'series',
            title: 'Waiting calls',
            description: 'Calls that wait for permits.',
            unit: 'none',
            queries: [{ expr: sum(of('semaphore_queued'), 'policy'), legend: '{{policy}}' }],
            alerts: ['TargetSlotsBusy'],
          },
          {
            kind: 'series',
            title: 'Time in the queue, p95',
            description: 'How long calls waited that had to; one in eight is timed.',
            unit: 's',
            queries: [{ expr: quantile(0.95, 'semaphore_queue_wait_seconds', POLICY, 'policy'), legend: '{{policy}}' }],
          },
        ],
      },
      {
        title: 'Batches',
        perLine: 3,
        panels: [
          {
            kind: 'series',
            title: 'Items',
            description: 'Items that wait and those that workers process, over all collectors, and the room of each.',
            unit: 'short',
            queries: [
              { expr: sum(of('batch_queued_items'), 'policy'), legend: '{{policy}} queued' },
              { expr: sum(of('batch_in_flight_items'), 'policy'), legend: '{{policy}} in flight' },
              { expr: sum(of('batch_waiting_items'), 'policy'), legend: '{{policy}} waiting for room' },
              { expr: max(of('batch_queue_limit_items'), 'policy'), legend: '{{policy}} room of one' },
            ],
            alerts: ['SinkQueueFilling'],
          },
          {
            kind: 'series',
            title: 'Workers',
            description: 'Share of the workers that process a batch.',
            unit: 'percentunit',
            min: 0,
            max: 1,
            queries: [
              {
                expr: `${sum(of('batch_workers_busy'), 'policy')} / ${sum(of('batch_workers'), 'policy')}`,
                legend: '{{policy}}',
              },
            ],
          },
          {
            kind: 'series',
            title: 'Time to process, p95',
            description: 'How long calls of process took, and the age of the batch that goes next.',
            unit: 's',
            queries: [
              {
                expr: quantile(0.95, 'batch_process_duration_seconds', POLICY, 'policy'),
                legend: '{{policy}} process',
              },
              { expr: max(of('batch_oldest_age_seconds'), 'policy'), legend: '{{policy}} oldest' },
            ],
          },
          rates(
            'Outcomes of items',
            'abandoned: the caller was answered while the item was processed.',
            'batch_items_total',
            'outcome',
          ),
          rates(
            'Why batches went',
            'What made each batch go: its count, bytes or age, a flush or a drain.',
            'batch_flushes_total',
            'cause',
          ),
          rates(
            'Calls of process',
            'By result; poisoned: failed through the fault of an item, and was split.',
            'batch_process_calls_total',
            'result',
          ),
        ],
      },
      {
        title: 'Timeouts',
        perLine: 1,
        panels: [
          rates(
            'Timeouts',
            'Calls without a result in time; stalled: our own event loop stood still meanwhile.',
            'timeout_expired_total',
            'stalled',
          ),
        ],
      },
    ],
  };
}

/** A counter by policy and one more label. */
const rates = (title: string, description: string, metric: string, label: string): Panel => ({
  kind: 'series',
  title,
  description,
  unit: 'ops',
  rare: true,
  queries: [{ expr: perPolicy(metric, label), legend: `{{policy}} {{${label}}}` }],
});
