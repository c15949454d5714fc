import type { MetricDefinition } from '../../metrics/definition.js';

export const CONNECT_ERRORS = [
  'cancelled',
  'dns',
  'other',
  'refused',
  'reset',
  'timeout',
  'tls',
  'unreachable',
] as const;
export type ConnectErrorReason = (typeof CONNECT_ERRORS)[number];

/** Why a request had no socket; the reasons of RejectedError that a pool has. */
export const POOL_REJECTIONS = ['aborted', 'deadline', 'queue-full', 'queue-timeout', 'shutdown'] as const;
export type PoolRejection = (typeof POOL_REJECTIONS)[number];

const labels = { policy: 'one per pool' };
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export const POOL_METRICS = {
  connections: {
    name: 'connection_pool_connections',
    type: 'gauge',
    help: 'Sockets by what they do; the sum is what the cap limits. closing: the other side has not closed its end yet',
    labels: { ...labels, state: ['busy', 'closing', 'connecting', 'idle'] },
  },
  maximum: {
    name: 'connection_pool_connections_max',
    type: 'gauge',
    help: 'How many sockets may be open in all',
    labels,
  },
  origins: {
    name: 'connection_pool_origins',
    type: 'gauge',
    help: 'Origins (scheme, host, port) that have a socket or a waiting request',
    labels,
  },
  queued: {
    name: 'connection_pool_queued',
    type: 'gauge',
    help: 'Requests that wait without a socket being opened for them',
    labels,
  },
  requests: {
    name: 'connection_pool_requests_total',
    type: 'counter',
    help: 'Requests that were given a socket, by whether it had served before',
    labels: { ...labels, socket: ['new', 'reused'] },
  },
  repeats: {
    name: 'connection_pool_repeats_total',
    type: 'counter',
    help: 'Requests that were sent again because a reused socket turned out to be dead',
    labels,
  },
  rejections: {
    name: 'connection_pool_rejections_total',
    type: 'counter',
    help: 'Requests that were never given a socket; aborted: by their callers, while they waited',
    labels: { ...labels, reason: POOL_REJECTIONS },
  },
  waits: {
    name: 'connection_pool_wait_seconds',
    type: 'histogram',
    help: 'How long requests waited for their sockets, opening included',
    labels,
    buckets: SECONDS,
  },
  connects: {
    name: 'connection_pool_connects_total',
    type: 'counter',
    help: 'Sockets that were opened',
    labels,
  },
  connectErrors: {
    name: 'connection_pool_connect_errors_total',
    type: 'counter',
    help: 'Sockets that could not be opened; cancelled: nobody wanted them any more',
    labels: { ...labels, reason: CONNECT_ERRORS },
  },
  connectDuration: {
    name: 'connection_pool_connect_seconds',
    type: 'histogram',
    help: 'How long sockets took to open: look-up, TCP and TLS',
    labels,
    buckets: SECONDS,
  },
  evictions: {
    name: 'connection_pool_evictions_total',
    type: 'counter',
    help: 'Sockets that were closed to make room, or because one of the same origin turned out to be dead',
    labels,
  },
} as const satisfies Record<string, MetricDefinition>;
