import { describe, expect, it } from 'vitest';
import { ProcError, parseCpuTimes, parseInterfaces, parseMemory } from './proc.js';

describe('parseCpuTimes', () => {
  it('reads the line of all cores', () => {
    const stat =
      'cpu  82804 1 42190 383667 526 2 743 2066 7 8\ncpu0 41279 0 20358 192707 237 0 361 1030 0 0\nintr 1526403 0 0\n';
    expect(parseCpuTimes(stat)).toEqual({
      user: 82804,
      nice: 1,
      system: 42190,
      idle: 383667,
      iowait: 526,
      irq: 2,
      softirq: 743,
      steal: 2066,
    });
  });

  it('reads the four columns of an old kernel', () => {
    expect(parseCpuTimes('cpu 1 2 3 4\n')).toEqual({ user: 1, nice: 2, system: 3, idle: 4 });
  });

  it('refuses what is no /proc/stat', () => {
    expect(() => parseCpuTimes('cpu0 1 2 3 4\n')).toThrow(ProcError);
  });
});

describe('parseMemory', () => {
  const meminfo =
    'MemTotal:       24684084 kB\nMemFree:        23648808 kB\nBuffers:           21176 kB\nCached:           621280 kB\n';

  it('reads kibibytes as bytes', () => {
    const text = `${meminfo}MemAvailable:   24116636 kB\nSwapTotal:          2048 kB\nSwapFree:           1024 kB\n`;
    expect(parseMemory(text)).toEqual({
      total: 24684084 * 1024,
      available: 24116636 * 1024,
      swapTotal: 2_097_152,
      swapFree: 1_048_576,
    });
  });

  it('estimates what is available where the kernel does not say', () => {
    expect(parseMemory(meminfo).available).toBe((23648808 + 21176 + 621280) * 1024);
  });

  it('refuses what is no /proc/meminfo', () => {
    expect(() => parseMemory('')).toThrow(ProcError);
  });
});

describe('parseInterfaces', () => {
  const headings =
    'Inter-|   Receive                                                |  Transmit\n' +
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n';

  it('reads counters beyond what a double holds, and names with colons', () => {
    const text =
      `${headings}    lo: 24779035    4092    1    2    0     0          0         0 24779036    4093    3    4    0     0       0          0\n` +
      'eth0:1:18446744073709551615 5 0 0 0 0 0 0 9007199254740993 6 0 0 0 0 0 0\n';
    expect(parseInterfaces(text)).toEqual([
      {
        name: 'lo',
        counters: {
          receive_bytes: 24779035n,
          receive_packets: 4092n,
          receive_errors: 1n,
          receive_drops: 2n,
          transmit_bytes: 24779036n,
          transmit_packets: 4093n,
          transmit_errors: 3n,
          transmit_drops: 4n,
        },
      },
      {
        name: 'eth0:1',
        counters: expect.objectContaining({
          receive_bytes: 18446744073709551615n,
          transmit_bytes: 9007199254740993n,
          transmit_packets: 6n,
        }),
      },
    ]);
  });

  it('refuses a line that it cannot read', () => {
    expect(() => parseInterfaces(`${headings}lo: 1 2 x\n`)).toThrow('/proc/net/dev has the line "lo: 1 2 x"');
  });
});
