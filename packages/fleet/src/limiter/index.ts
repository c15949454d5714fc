export { type FleetLimiter, fleetLimiter } from './fleet-limiter.js';
export type { FleetPermit } from './fleet-permit.js';
export { LIMITER_METRICS, type LimiterMode, type LimiterRejection } from './metrics.js';
export type { FleetLimiterOptions } from './options.js';
