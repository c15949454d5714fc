import { join } from 'node:path';
import type { Plan } from '@breakwater/stack';
import type { ProgramSource } from '../src/process/programs.js';
import type { Container } from './container.js';

/** What runs in place of an image. */
export interface Program extends ProgramSource {
  readonly port: (plan: Plan) => number;
  readonly args: (container: Container) => string[];
}

const NODE_EXPORTER_PORT = 9100;

/** The collector as it is built. */
const COLLECTOR = join(import.meta.dirname, '../../examples/telemetry-collector/dist/main.js');

/** By service, its number left out. InfluxDB comes from the testbed, as the version here is configured by a file. */
export const PROGRAMS: Readonly<Record<string, Program>> = {
  'load-balancer': {
    program: 'haproxy',
    debianPackage: 'haproxy',
    port: ({ stack }) => stack.proxy.port,
    // What the image runs.
    args: (container) => ['-W', '-db', '-f', container.here('/usr/local/etc/haproxy/haproxy.cfg')],
  },
  'network-telemetry': {
    program: process.execPath,
    debianPackage: 'nodejs',
    port: ({ stack }) => stack.collectors.port,
    args: () => [COLLECTOR, '--plain'],
  },
  redis: {
    program: 'sh',
    debianPackage: 'dash',
    port: ({ stack }) => stack.redis.port,
    args: (container) => [...container.command.slice(1), '--bind', container.host],
  },
  prometheus: {
    program: 'prometheus',
    debianPackage: 'prometheus',
    port: ({ stack }) => stack.monitoring.prometheus.port,
    args: (container) => container.command,
  },
  alertmanager: {
    program: 'prometheus-alertmanager',
    debianPackage: 'prometheus-alertmanager',
    port: ({ stack }) => stack.monitoring.alertmanager.port,
    args: (container) => container.command,
  },
  'node-exporter': {
    program: 'prometheus-node-exporter',
    debianPackage: 'prometheus-node-exporter',
    port: () => NODE_EXPORTER_PORT,
    args: (container) => [...container.command, `--web.listen-address=${container.host}:${NODE_EXPORTER_PORT}`],
  },
};

/** What cannot run on a plain Debian, and why. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  grafana: 'Grafana is not in Debian',
  'grafana-db': 'only Grafana asks it',
  'redis-exporter': 'redis_exporter is not in Debian',
  cadvisor: 'cAdvisor measures containers, and here are processes',
};

/** `influxdb-2` is an `influxdb`. */
export const kindOf = (service: string): string => service.replace(/-\d+$/, '');
