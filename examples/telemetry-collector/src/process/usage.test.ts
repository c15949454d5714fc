import { VirtualClock } from '@breakwater/resilience/testing';
import { describe, expect, it } from 'vitest';
import { cpuQuota, ProcessUsage } from './usage.js';

describe('ProcessUsage', () => {
  it('is a share of what the process may use', async () => {
    const clock = new VirtualClock();
    let usedMs = 500;
    let residentBytes = 64;
    const usage = new ProcessUsage(clock, {
      cores: 2,
      memoryBytes: 256,
      cpuMs: () => usedMs,
      residentBytes: () => residentBytes,
    });
    expect(usage.read()).toEqual({ cpu: 0, memory: 0.25 });
    await clock.advance(5_000);
    usedMs += 2_500;
    residentBytes = 128;
    expect(usage.read()).toEqual({ cpu: 0.25, memory: 0.5 });
    await clock.advance(999);
    usedMs += 999;
    expect(usage.read().cpu).toBe(0.25);
    await clock.advance(1);
    usedMs += 1;
    expect(usage.read().cpu).toBe(0.5);
  });

  it('can be read of this process', () => {
    const { cpu, memory } = new ProcessUsage(new VirtualClock()).read();
    expect(cpu).toBe(0);
    expect(memory).toBeGreaterThan(0);
    expect(memory).toBeLessThan(1);
  });
});

describe('the quota of CPU', () => {
  const machine = (files: Record<string, string>) => (file: string) => files[file];

  it('is that of control groups of version 2', () => {
    expect(cpuQuota(machine({ '/sys/fs/cgroup/cpu.max': '150000 100000\n' }))).toBe(1.5);
    expect(cpuQuota(machine({ '/sys/fs/cgroup/cpu.max': 'max 100000\n' }))).toBeUndefined();
  });

  it('is that of version 1', () => {
    const files = (quota: string) => ({
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': quota,
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    });
    expect(cpuQuota(machine(files('50000\n')))).toBe(0.5);
    expect(cpuQuota(machine(files('-1\n')))).toBeUndefined();
  });

  it('is unknown where there are no files', () => {
    expect(cpuQuota(machine({}))).toBeUndefined();
  });
});
