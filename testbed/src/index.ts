export {
  type FaultProxy,
  type FaultProxyOptions,
  type FaultScope,
  faultProxy,
  type ProxyFault,
} from './faulty/proxy.js';
export { type ProxiedWrite, sentAgainAfterSuccess } from './faulty/proxy-writes.js';
export { type Fault, type FaultyServer, type FaultyServerOptions, faultyServer } from './faulty/tcp.js';
export { type TcpProxy, tcpProxy } from './faulty/tcp-proxy.js';
export { type FaultyUdpServer, faultyUdpServer, type UdpFault } from './faulty/udp.js';
export type { CollectorProcess } from './oracle/collector-process.js';
export { deliveryDelays } from './oracle/delays.js';
export { FleetRig, type FleetRigOptions, type FleetVerdict } from './oracle/fleet-rig.js';
export { Rig, type RigOptions } from './oracle/rig.js';
export type { Poll } from './oracle/target-server.js';
export type { Gap, Repeat } from './oracle/turns.js';
export { type Certificates, makeCertificates } from './process/certificates.js';
export { freePort } from './process/ports.js';
export { requireProgram } from './process/programs.js';
export type { RunningServer } from './server.js';
export type { DnsmasqOptions, DnsRecord } from './servers/dnsmasq.js';
export type { HaproxyFile } from './servers/haproxy.js';
export { askRedis } from './servers/redis.js';
export { type RedisGroup, type RedisGroupOptions, redisGroup } from './servers/redis-group.js';
export type { SnmpdOptions, SnmpUser } from './servers/snmpd.js';
export type { VictoriaMetricsOptions } from './servers/victoria-metrics.js';
export { type ServerDetails, type ServerKind, type ServerOptions, startServer } from './start.js';
