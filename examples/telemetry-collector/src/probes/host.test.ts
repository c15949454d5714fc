import { VirtualClock } from '@breakwater/resilience/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { InterfaceCounters, Machine } from './host/machine.js';
import { readLinux, readPortable } from './host/read-machine.js';
import { HostProbe } from './host.js';
import { describeProbe } from './probe.suite.js';

describeProbe({
  kind: 'host',
  async healthy(clock) {
    let reads = 0;
    const read = () => {
      reads++;
      return readPortable();
    };
    return { probe: new HostProbe({ clock }, read), contacts: () => reads, open: () => 0, close: async () => {} };
  },
  hanging: {},
});

const interfaceAt = (name: string, bytes: bigint): InterfaceCounters => ({
  name,
  counters: {
    receive_bytes: bytes,
    receive_packets: 10n,
    receive_errors: 0n,
    receive_drops: 0n,
    transmit_bytes: 2n * bytes,
    transmit_packets: 10n,
    transmit_errors: 0n,
    transmit_drops: 0n,
  },
});

describe('the host probe', () => {
  let clock: VirtualClock;
  let machine: Machine;
  let probe: HostProbe;
  const context = { signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY, attempt: 1 };
  const measure = async () => {
    const readings = await probe.operations[0]!.run(context);
    return new Map(
      readings.map(({ measurement, tags, fields }) => [`${measurement} ${tags['interface'] ?? ''}`.trim(), fields]),
    );
  };

  beforeEach(() => {
    clock = new VirtualClock();
    machine = {
      cores: 2,
      cpu: { user: 100, nice: 0, system: 50, idle: 1_000, iowait: 20 },
      memory: { total: 1_000, available: 250, swapTotal: 10, swapFree: 5 },
      load: [1, 0.5, 0.25],
      uptimeSeconds: 60,
      interfaces: [interfaceAt('eth0', 1_000n)],
    };
    probe = new HostProbe({ clock }, () => machine);
  });

  it('tells what needs no second look at once', async () => {
    expect(await measure()).toEqual(
      new Map([
        ['host_system', { cores: 2, load1: 1, load5: 0.5, load15: 0.25, uptime_seconds: 60 }],
        [
          'host_memory',
          { total_bytes: 1_000, available_bytes: 250, used_percent: 75, swap_total_bytes: 10, swap_free_bytes: 5 },
        ],
      ]),
    );
  });

  it('shares out the time between two runs', async () => {
    await measure();
    machine = { ...machine, cpu: { user: 130, nice: 0, system: 60, idle: 1_050, iowait: 30 } };
    expect((await measure()).get('host_cpu')).toEqual({
      user_percent: 30,
      nice_percent: 0,
      system_percent: 10,
      idle_percent: 50,
      iowait_percent: 10,
      busy_percent: 40,
    });
  });

  it('shares out nothing when no time has passed, and takes a step back for none', async () => {
    await measure();
    expect((await measure()).has('host_cpu')).toBe(false);
    machine = { ...machine, cpu: { ...machine.cpu, user: 110, iowait: 15 } };
    expect((await measure()).get('host_cpu')).toMatchObject({ user_percent: 100, iowait_percent: 0 });
  });

  it('gives rates of interfaces seen twice, and none for one that was made anew', async () => {
    await measure();
    await clock.advance(10_000);
    machine = { ...machine, interfaces: [interfaceAt('eth0', 6_000n), interfaceAt('wg0', 77n)] };
    const second = await measure();
    expect(second.get('host_network eth0')).toMatchObject({
      receive_bytes_per_second: 500,
      transmit_bytes_per_second: 1_000,
    });
    expect(second.has('host_network wg0')).toBe(false);
    await clock.advance(10_000);
    machine = { ...machine, interfaces: [interfaceAt('eth0', 10n), interfaceAt('wg0', 87n)] };
    const third = await measure();
    expect(third.get('host_network eth0')).not.toHaveProperty('receive_bytes_per_second');
    expect(third.get('host_network wg0')).toMatchObject({ receive_bytes_per_second: 1 });
  });

  it('fails by name when the system does not let itself be read', async () => {
    const broken = new HostProbe({ clock }, () => {
      throw Object.assign(new Error("ENOENT: no such file or directory, open '/proc/stat'"), { code: 'ENOENT' });
    });
    await expect(broken.operations[0]!.run(context)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('/proc/stat'),
    });
  });
});

describe('readPortable', () => {
  it('sees the machine that it runs on', () => {
    const { cpu, memory, cores, uptimeSeconds } = readPortable();
    expect(cpu.idle).toBeGreaterThan(0);
    expect(memory.total).toBeGreaterThan(memory.available);
    expect(cores).toBeGreaterThan(0);
    expect(uptimeSeconds).toBeGreaterThan(0);
  });
});

if (process.platform === 'linux') {
  describe('readLinux', () => {
    it('sees the same machine as readPortable, and its loopback interface', () => {
      const [linux, portable] = [readLinux(), readPortable()];
      expect(linux.memory.total).toBe(portable.memory.total);
      expect(linux.cores).toBe(portable.cores);
      expect(linux.interfaces.map(({ name }) => name)).toContain('lo');
    });
  });
}
