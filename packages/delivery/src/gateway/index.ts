export { type WriteGatewayOptions, writeGateway } from './gateway.js';
export { isOwnHandOver } from './handover.js';
export { GATEWAY_METRICS, GatewayMeter, type WriteOutcome } from './metrics.js';
