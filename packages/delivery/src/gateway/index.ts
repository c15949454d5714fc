export { type WriteGatewayOptions, writeGateway } from './gateway.js';
export { GATEWAY_METRICS, GatewayMeter, type WriteOutcome } from './metrics.js';
