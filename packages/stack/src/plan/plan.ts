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
/** How long a proxy that was told to stop, or was replaced by a reload, serves what it has begun: its longest request. */
const HARD_STOP_S = 60;

/** A rate needs four samples to hold when one is missed; what scales shall look back for two minutes at least. */
const BUSY_WINDOW_S = 120;
const SAMPLES_IN_A_RATE = 4;

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
    /** Over how many seconds the HPA's `telemetry_collection_busy` is taken. */
    readonly busyWindowS: number;
  };
  readonly proxy: {
    /** `hard-stop-after` of HAProxy. */
    readonly hardStopS: number;
    /** terminationGracePeriodSeconds, stop_grace_period of HAProxy. */
    readonly graceS: number;
  };
  readonly backends: readonly Backend[];
  readonly grafanas: readonly string[];
  readonly secrets: readonly Secret[];
  /** The text of the targets file; undefined where there is none. */
  readonly targets: string | undefined;
}

/** What the stack file names and others have written. */
export interface StackInputs {
  readonly targets?: string | undefined;
}

export function planStack(stack: Stack, inputs: StackInputs = {}): Plan {
  const { collectors, backends, grafana, monitoring } = stack;
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
      busyWindowS: Math.max(BUSY_WINDOW_S, SAMPLES_IN_A_RATE * monitoring.prometheus.scrapeInterval),
    },
    proxy: { hardStopS: HARD_STOP_S, graceS: HARD_STOP_S + GRACE_MARGIN_S },
    backends: numbered('influxdb', backends.replicas).map((name) => ({ name })),
    grafanas: numbered('grafana', grafana.replicas),
    secrets: SECRETS,
    targets: inputs.targets,
  };
}

const MEBI = 1024 * 1024;
