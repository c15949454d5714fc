import { counterRate } from './counter-rate.js';
import type { ProbeEdges } from './edges.js';
import type { CpuTimes, InterfaceCounter, InterfaceCounters, Machine } from './host/machine.js';
import { readMachine } from './host/read-machine.js';
import type { Probe, ProbeOperation, Reading } from './probe.js';
import { runWithin } from './run-limit.js';

interface Seen {
  readonly machine: Machine;
  readonly atMs: number;
}

/**
 * The machine that the collector runs on: CPU, memory, load, uptime and network interfaces. CPU shares and interface
 * rates are between two runs, so the first run has none.
 */
export class HostProbe implements Probe {
  readonly kind = 'host';
  readonly operations: readonly ProbeOperation[];
  readonly #clock: ProbeEdges['clock'];
  readonly #read: () => Machine;
  #before: Seen | undefined;

  constructor({ clock }: Pick<ProbeEdges, 'clock'>, read: () => Machine = readMachine) {
    this.#clock = clock;
    this.#read = read;
    const measure = async () => this.#measure();
    this.operations = [{ name: 'machine', run: (context) => runWithin(context, clock, 'this machine', measure) }];
  }

  #measure(): Reading[] {
    const now: Seen = { machine: this.#read(), atMs: this.#clock.now() };
    const before = this.#before;
    this.#before = now;
    const readings = [system(now.machine), memory(now.machine)];
    if (before === undefined) return readings;
    const shares = cpuShares(before.machine.cpu, now.machine.cpu);
    if (shares !== undefined) readings.push({ measurement: 'host_cpu', tags: {}, fields: shares });
    return [...readings, ...interfaceRates(before, now)];
  }
}

function system({ cores, load, uptimeSeconds }: Machine): Reading {
  const [load1 = 0, load5 = 0, load15 = 0] = load;
  return {
    measurement: 'host_system',
    tags: {},
    fields: { cores, load1, load5, load15, uptime_seconds: uptimeSeconds },
  };
}

function memory({ memory: { total, available, swapTotal, swapFree } }: Machine): Reading {
  const fields: Record<string, number> = { total_bytes: total, available_bytes: available };
  if (total > 0) fields['used_percent'] = (100 * (total - available)) / total;
  if (swapTotal !== undefined && swapFree !== undefined) {
    fields['swap_total_bytes'] = swapTotal;
    fields['swap_free_bytes'] = swapFree;
  }
  return { measurement: 'host_memory', tags: {}, fields };
}

/** Per cent of the time of all cores; `busy` is all but idle and iowait. Undefined when no time has passed. */
function cpuShares(before: CpuTimes, now: CpuTimes): Record<string, number> | undefined {
  const states = Object.keys(now) as Array<keyof CpuTimes>;
  // Some states may step back (iowait, by proc(5)).
  const spent = new Map(states.map((state) => [state, Math.max(0, now[state]! - (before[state] ?? 0))]));
  const total = [...spent.values()].reduce((sum, time) => sum + time, 0);
  if (total <= 0) return undefined;
  const shares: Record<string, number> = {};
  for (const [state, time] of spent) shares[`${state}_percent`] = (100 * time) / total;
  const waiting = (spent.get('idle') ?? 0) + (spent.get('iowait') ?? 0);
  shares['busy_percent'] = (100 * (total - waiting)) / total;
  return shares;
}

function interfaceRates(before: Seen, now: Seen): Reading[] {
  const earlier = new Map(before.machine.interfaces.map((one) => [one.name, one]));
  return now.machine.interfaces.flatMap((one) => {
    const last = earlier.get(one.name);
    const fields = last === undefined ? {} : rates(last, before.atMs, one, now.atMs);
    return Object.keys(fields).length === 0
      ? []
      : [{ measurement: 'host_network', tags: { interface: one.name }, fields }];
  });
}

function rates(before: InterfaceCounters, beforeMs: number, now: InterfaceCounters, nowMs: number) {
  const fields: Record<string, number> = {};
  for (const counter of Object.keys(now.counters) as InterfaceCounter[]) {
    const earlier = { value: before.counters[counter], atMs: beforeMs };
    const rate = counterRate(earlier, { value: now.counters[counter], atMs: nowMs }, { bits: 64 });
    if (rate !== undefined) fields[`${counter}_per_second`] = rate;
  }
  return fields;
}
