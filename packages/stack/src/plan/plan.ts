import type { Stack } from '../file/schema.js';
import { SECRETS, type Secret } from './secrets.js';

/** How long a collector's closing may take beyond DRAIN_TIMEOUT: the grace periods of what it closes. */
const CLOSING_S = 2;
/** Left over for a loaded machine between the last thing that a collector does and SIGKILL. */
const GRACE_MARGIN_S = 3;
/** Pods that a rolling update may start beyond the replica count. */
const SURGE = 1;
/** Quarantine, checkpoints and the segment being written, beside what the lanes' caps count. */
const SPOOL_OVERHEAD = 1.25;

/** One InfluxDB of the stack, under the name that people see. */
export interface Backend {
  readonly name: string;
}

/** What follows from a stack file, each number worked out once: whatever is rendered takes it from here. */
export interface Plan {
  readonly stack: Stack;
  readonly collectors: {
    /** The name of the Deployment, of the Compose services up to their number, and of what DNS answers with every replica. */
    readonly name: 'network-telemetry';
    /** The services that Compose starts: `network-telemetry-1` and on. */
    readonly services: readonly string[];
    /** Pods that a rolling update may start beyond the replica count. */
    readonly surge: number;
    /** Slots of a server-template: the most replicas that may be there at once. */
    readonly slots: number;
    /** preStop and drain, what closes after it, and a margin: terminationGracePeriodSeconds, stop_grace_period. */
    readonly graceS: number;
    /** What the volume of the log must hold: the cap of every lane, and what lies beside. */
    readonly spoolVolumeBytes: number;
    /** MAX_CONCURRENT_TARGETS. */
    readonly targetSlots: number;
  };
  readonly backends: readonly Backend[];
  readonly grafanas: readonly string[];
  readonly secrets: readonly Secret[];
}

export function planStack(stack: Stack): Plan {
  const { collectors, backends, grafana } = stack;
  const { drain, spool, settings } = collectors;
  const numbered = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
  return {
    stack,
    collectors: {
      name: 'network-telemetry',
      services: numbered('network-telemetry', collectors.min),
      surge: SURGE,
      slots: collectors.max + SURGE,
      graceS: Math.ceil(drain.delay + drain.timeout + CLOSING_S + GRACE_MARGIN_S),
      spoolVolumeBytes: Math.ceil((spool.maxBytes * backends.replicas * SPOOL_OVERHEAD) / MEBI) * MEBI,
      targetSlots: Number(settings['MAX_CONCURRENT_TARGETS'] ?? 50),
    },
    backends: numbered('influxdb', backends.replicas).map((name) => ({ name })),
    grafanas: numbered('grafana', grafana.replicas),
    secrets: SECRETS,
  };
}

const MEBI = 1024 * 1024;
