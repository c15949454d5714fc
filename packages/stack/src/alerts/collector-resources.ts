import type { Alert } from './alert.js';
import { type AlertContext, COLLECTORS, COMPOSE } from './context.js';
import { level, rising } from './course.js';
import { COLLECTOR, define, series } from './define.js';

const RANGE_S = 300;

/** A collector near the CPU or the memory that it may have. */
export function collectorResources(context: AlertContext): Alert[] {
  const { cpu, memory } = context.plan.stack.collectors.resources.limits;
  return [
    define(context, {
      name: 'CollectorCpuHigh',
      category: 'performance',
      severity: 'warning',
      expr: `rate(process_cpu_seconds_total{${COLLECTORS}}[${context.window(RANGE_S)}]) / ${cpu} > 0.9`,
      forS: 600,
      summary: 'Collector {{ $labels.instance }} uses {{ $value | humanizePercentage }} of its CPU limit',
      description: `The limit is ${cpu} cores. A collector that is throttled begins turns late and may miss heartbeats.`,
      runbook: {
        meaning: `For ten minutes a collector has used more than 90 % of its CPU limit (${cpu} cores).`,
        impact:
          'Turns begin late, writes are answered slowly; when heartbeats come late too, its targets move to others and back.',
        look: [
          'docker stats --no-stream',
          "curl -s http://localhost:8080/fleet | jq '.members[] | {id, load}'",
          `curl -s 'http://localhost:9090/api/v1/query?query=rate(process_cpu_seconds_total{${COLLECTORS}}[5m])'`,
        ],
        act: [
          'All are busy: add collectors, targets are shared anew by themselves (`CollectorsAtMinimumUnderLoad` says how).',
          'One is busy: see in `/targets` what it polls; large SNMP walks and Prometheus pages cost most.',
          'Else raise `collectors.resources.limits.cpu` in the stack file, and run `breakwater generate`.',
        ],
      },
      levels: {
        series: (share) => ({ [series('process_cpu_seconds_total', COLLECTOR)]: rising(share * cpu) }),
        fires: 0.96,
        silent: 0.6,
        windowS: context.windowS(RANGE_S),
        holds: 'window',
        labels: COLLECTOR,
        shown: '96%',
      },
    }),
    define(context, {
      name: 'CollectorMemoryHigh',
      category: 'performance',
      severity: 'warning',
      expr: `process_resident_memory_bytes{${COLLECTORS}} / ${memory} > 0.9`,
      forS: 600,
      summary: 'Collector {{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory limit',
      description: 'At the limit the kernel kills it. Nothing that was accepted is lost then, but its targets move.',
      runbook: {
        meaning: 'For ten minutes the resident memory of a collector has been above 90 % of its limit.',
        impact:
          'At the limit the kernel kills the process. What was accepted is on disk; turns under way are lost, and its targets are polled by others after a lease.',
        look: [
          'docker stats --no-stream',
          "curl -s http://localhost:8080/metrics | grep -E '^(process_resident|telemetry_lines_pending|delivery_pending_points|delivery_gateway_body_bytes)'",
        ],
        act: [
          'Lines wait for the sink: see `SinkQueueFilling`, the disk is slow.',
          'Many large writes at once: lower `MAX_BODY_BYTES`, or add collectors.',
          'Else raise `collectors.resources.limits.memory` in the stack file, and run `breakwater generate`.',
        ],
      },
      levels: {
        series: (share) => ({ [series('process_resident_memory_bytes', COLLECTOR)]: level(share * memory) }),
        fires: 0.95,
        silent: 0.6,
        labels: COLLECTOR,
        shown: '95%',
      },
    }),
    define(context, {
      name: 'CollectorEventLoopStalls',
      category: 'performance',
      severity: 'warning',
      expr: `rate(telemetry_event_loop_stalled_seconds_total{${COLLECTORS}}[${context.window(RANGE_S)}]) > 0.05`,
      forS: 300,
      summary: 'Collector {{ $labels.instance }} stood still for {{ $value | humanizePercentage }} of the time',
      description: 'While the event loop stands still nothing is polled, answered or renewed; leases may run out.',
      runbook: {
        meaning:
          'The event loop stood still, in stalls of more than 100 ms each, for more than 5 % of the last five minutes.',
        impact:
          'Times that were measured meanwhile are too long (such points carry `stalled`), turns begin late, and a stall longer than a third of the lease costs its targets.',
        look: [
          "curl -s http://localhost:8080/metrics | grep -E '^telemetry_event_loop'",
          'docker stats --no-stream',
          `${COMPOSE} logs --tail 100 network-telemetry-1`,
        ],
        act: [
          'The container is throttled (`ContainerCpuNearLimit`) or the machine is full (`NodeCpuHigh`): give it CPU.',
          'One very large answer, a page or a body: lower `maxBody` of that target.',
        ],
      },
      levels: {
        series: (share) => ({ [series('telemetry_event_loop_stalled_seconds_total', COLLECTOR)]: rising(share) }),
        fires: 0.06,
        silent: 0.03,
        windowS: context.windowS(RANGE_S),
        holds: 'window',
        labels: COLLECTOR,
        shown: '6%',
      },
    }),
  ];
}
