export {
  type FaultProxy,
  type FaultProxyOptions,
  type FaultScope,
  faultProxy,
  type ProxyFault,
} from './faulty/proxy.js';
export { type ProxiedWrite, sentAgainAfterSuccess } from './faulty/proxy-writes.js';
export { type Fault, type FaultyServer, type FaultyServerOptions, faultyServer } from './faulty/tcp.js';
export { type FaultyUdpServer, faultyUdpServer, type UdpFault } from './faulty/udp.js';
export { type Judgement, judge, storedInInflux, storedInVictoria } from './oracle/judge.js';
export { Producer, type ProducerOptions } from './oracle/producer.js';
export { freePort } from './process/ports.js';
export type { RunningServer } from './server.js';
export type { DnsmasqOptions, DnsRecord } from './servers/dnsmasq.js';
export type { SnmpdOptions, SnmpUser } from './servers/snmpd.js';
export type { VictoriaMetricsOptions } from './servers/victoria-metrics.js';
export { type ServerDetails, type ServerKind, type ServerOptions, startServer } from './start.js';
