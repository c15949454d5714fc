import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, freemem, loadavg, totalmem, uptime } from 'node:os';
import type { CpuTimes, Machine } from './machine.js';
import { parseCpuTimes, parseInterfaces, parseMemory } from './proc.js';

/** How this machine is read: through /proc on Linux, elsewhere through what Node knows. */
export const readMachine: () => Machine = process.platform === 'linux' ? readLinux : readPortable;

export function readLinux(): Machine {
  return {
    ...common(),
    cpu: parseCpuTimes(proc('stat')),
    memory: parseMemory(proc('meminfo')),
    interfaces: parseInterfaces(proc('net/dev')),
  };
}

/** No interface counters, and "available" is what is free: more is not to be had without a program of the system. */
export function readPortable(): Machine {
  return { ...common(), cpu: sum(cpus()), memory: { total: totalmem(), available: freemem() }, interfaces: [] };
}

const common = () => ({ cores: availableParallelism(), load: loadavg(), uptimeSeconds: uptime() });

/** Read at once and not through the thread pool: the kernel makes these from memory, and the pool may be waiting for the disk. */
const proc = (file: string): string => readFileSync(`/proc/${file}`, 'latin1');

function sum(cores: ReturnType<typeof cpus>): CpuTimes {
  const total = { user: 0, nice: 0, system: 0, idle: 0, irq: 0 };
  for (const { times } of cores) {
    total.user += times.user;
    total.nice += times.nice;
    total.system += times.sys;
    total.idle += times.idle;
    total.irq += times.irq;
  }
  return total;
}
