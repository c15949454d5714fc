import type { Clock } from '@breakwater/resilience';
import type { NameLookup } from '@breakwater/resilience/http';
import type { Dispatcher } from 'undici';

/** What probes share and do not own. */
export interface ProbeEdges {
  /** Every HTTP request goes through it, so that its socket caps hold for probes. */
  readonly dispatcher: Dispatcher;
  /** Looks up every name that a probe connects to. */
  readonly nameLookup: NameLookup;
  readonly clock: Clock;
}
