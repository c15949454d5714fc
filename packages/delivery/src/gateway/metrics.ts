import type { Measured, MetricDefinition, Recorder } from '@breakwater/resilience';

/** What became of a request to write. Bounded, so that it can be a metric label. */
export const WRITE_OUTCOMES = [
  'accepted',
  'empty',
  'malformed',
  'bad-request',
  'unauthorized',
  'unsupported',
  'too-large',
  'busy',
  'unavailable',
  'own-handover',
  'unknown-lane',
  'aborted',
  'failed',
] as const;
export type WriteOutcome = (typeof WRITE_OUTCOMES)[number];

export const GATEWAY_METRICS = {
  requests: {
    name: 'delivery_gateway_requests_total',
    type: 'counter',
    help: 'Requests to write that the gateway answered, by what became of them',
    labels: { outcome: WRITE_OUTCOMES },
  },
  received: {
    name: 'delivery_gateway_received_bytes_total',
    type: 'counter',
    help: 'Bytes of bodies that the gateway received, compressed ones as they came',
    labels: {},
  },
  bodies: {
    name: 'delivery_gateway_body_bytes',
    type: 'gauge',
    help: 'Bytes of bodies that the gateway holds in memory, after decompression',
    labels: {},
  },
} as const satisfies Record<string, MetricDefinition>;

/** What a gateway has done so far. Hand it to `writeGateway` and to the registry. */
export class GatewayMeter implements Measured {
  readonly #requests = new Map<WriteOutcome, number>(WRITE_OUTCOMES.map((outcome) => [outcome, 0]));
  #received = 0;
  #held = 0;

  /** @internal */
  answered(outcome: WriteOutcome): void {
    this.#requests.set(outcome, this.#requests.get(outcome)! + 1);
  }

  /** @internal */
  received(bytes: number): void {
    this.#received += bytes;
  }

  /** @internal */
  held(bytes: number): void {
    this.#held += bytes;
  }

  measure(record: Recorder): void {
    for (const [outcome, count] of this.#requests) record(GATEWAY_METRICS.requests, { outcome }, count);
    record(GATEWAY_METRICS.received, {}, this.#received);
    record(GATEWAY_METRICS.bodies, {}, this.#held);
  }
}
