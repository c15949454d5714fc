import type { CpuState, CpuTimes, InterfaceCounter, InterfaceCounters, Memory } from './machine.js';

/** A file of /proc that does not look as proc(5) says. */
export class ProcError extends Error {
  override readonly name = 'ProcError';
}

/** The order of the columns in /proc/stat; guest times, which follow, are part of user and nice. */
const CPU_STATES: readonly CpuState[] = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'];

/** The first line of /proc/stat: all cores together. */
export function parseCpuTimes(stat: string): CpuTimes {
  const columns = /^cpu +(\d[\d ]*)$/m.exec(stat)?.[1]?.split(' ');
  if (columns === undefined) throw new ProcError('/proc/stat has no line that starts with "cpu "');
  return Object.fromEntries(CPU_STATES.flatMap((state, at) => (at in columns ? [[state, Number(columns[at])]] : [])));
}

/** /proc/meminfo. MemAvailable came with Linux 3.14; before, free memory and page cache stand for it. */
export function parseMemory(meminfo: string): Memory {
  const bytes = (name: string): number | undefined => {
    const kibibytes = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(meminfo)?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1_024;
  };
  const total = bytes('MemTotal');
  if (total === undefined) throw new ProcError('/proc/meminfo has no MemTotal');
  const available = bytes('MemAvailable') ?? (bytes('MemFree') ?? 0) + (bytes('Buffers') ?? 0) + (bytes('Cached') ?? 0);
  return { total, available, swapTotal: bytes('SwapTotal') ?? 0, swapFree: bytes('SwapFree') ?? 0 };
}

/** Columns of /proc/net/dev that are counted here. */
const COLUMNS: ReadonlyArray<readonly [InterfaceCounter, number]> = [
  ['receive_bytes', 0],
  ['receive_packets', 1],
  ['receive_errors', 2],
  ['receive_drops', 3],
  ['transmit_bytes', 8],
  ['transmit_packets', 9],
  ['transmit_errors', 10],
  ['transmit_drops', 11],
];

/** /proc/net/dev: two lines of headings, then a line for each interface; nothing separates a name from large counts but a colon. */
export function parseInterfaces(netDev: string): InterfaceCounters[] {
  return netDev
    .split('\n')
    .slice(2)
    .filter((line) => line !== '')
    .map((line) => {
      const [, name, counts] = /^ *(.+): *((?:\d+ +){11,}\d+) *$/.exec(line) ?? [];
      if (name === undefined || counts === undefined) throw new ProcError(`/proc/net/dev has the line "${line}"`);
      const columns = counts.split(/ +/);
      const counters = Object.fromEntries(COLUMNS.map(([counter, at]) => [counter, BigInt(columns[at]!)]));
      return { name, counters: counters as Record<InterfaceCounter, bigint> };
    });
}
