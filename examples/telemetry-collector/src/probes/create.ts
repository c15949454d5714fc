import type { Target } from '../targets/target.js';
import { DnsProbe } from './dns.js';
import type { ProbeEdges } from './edges.js';
import { HostProbe } from './host.js';
import { HttpProbe } from './http.js';
import type { Probe } from './probe.js';
import { PrometheusProbe } from './prometheus.js';
import { SnmpProbe } from './snmp.js';
import { TcpProbe } from './tcp.js';

export type { ProbeEdges } from './edges.js';

/** The probe that measures a target. It opens nothing before it is run. */
export function createProbe(target: Target, edges: ProbeEdges): Probe {
  switch (target.probe) {
    case 'http':
      return new HttpProbe(target, edges);
    case 'tcp':
      return new TcpProbe(target, edges);
    case 'dns':
      return new DnsProbe(target, edges);
    case 'prometheus':
      return new PrometheusProbe(target, edges);
    case 'snmp':
      return new SnmpProbe(target, edges);
    case 'host':
      return new HostProbe(edges);
  }
}
