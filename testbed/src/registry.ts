import type { ServerDefinition } from './server.js';
import { alertmanager } from './servers/alertmanager.js';
import { blackboxExporter } from './servers/blackbox-exporter.js';
import { dnsmasq } from './servers/dnsmasq.js';
import { haproxy } from './servers/haproxy.js';
import { influxdb } from './servers/influxdb.js';
import { nodeExporter } from './servers/node-exporter.js';
import { prometheus } from './servers/prometheus.js';
import { redis } from './servers/redis.js';
import { redisSentinel } from './servers/redis-sentinel.js';
import { snmpd } from './servers/snmpd.js';
import { victoriaMetrics } from './servers/victoria-metrics.js';

/** Every server that a test can ask for. */
export const SERVERS = {
  alertmanager,
  'blackbox-exporter': blackboxExporter,
  dnsmasq,
  haproxy,
  influxdb,
  'node-exporter': nodeExporter,
  prometheus,
  redis,
  'redis-sentinel': redisSentinel,
  snmpd,
  'victoria-metrics': victoriaMetrics,
} as const satisfies Record<string, ServerDefinition<never, object>>;
