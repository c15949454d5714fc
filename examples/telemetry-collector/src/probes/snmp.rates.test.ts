import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eth0, fieldsOf, lo, SnmpRig, V2C, V3 } from './snmp/rig.suite.js';

describe('the rates of the SNMP probe', () => {
  let rig: SnmpRig;
  beforeEach(async () => {
    rig = await SnmpRig.start();
  });
  afterEach(() => rig.close());

  it('reads 64-bit counters through their wrap', async () => {
    const probe = rig.probing(V3);
    rig.agent.interfaces = [{ ...eth0, hcInOctets: 2n ** 64n - 1_000n }];
    expect(fieldsOf(await rig.run(probe, 'ifXTable'), 'eth0')).toEqual({
      alias: 'to the roof',
      speed_bits_per_second: 1e9,
      in_bytes_total: 2 ** 64,
    });
    await rig.pass(10_000);
    rig.agent.interfaces = [{ ...eth0, hcInOctets: 9_000n }];
    expect(fieldsOf(await rig.run(probe, 'ifXTable'), 'eth0')).toMatchObject({ in_bytes_per_second: 1_000 });
  });

  it('follows a 32-bit counter through its wrap', async () => {
    const probe = rig.probing(V2C);
    rig.agent.interfaces = [{ ...eth0, inOctets: 2 ** 32 - 1 }];
    await rig.run(probe, 'ifTable');
    await rig.pass(10_000);
    rig.agent.interfaces = [{ ...eth0, inOctets: 49_999 }];
    expect(fieldsOf(await rig.run(probe, 'ifTable'), 'eth0')).toMatchObject({ in_bytes_per_second: 5_000 });
  });

  it('goes on through the wrap of sysUpTime after 497 days', async () => {
    const probe = rig.probing(V2C);
    rig.ticks = 2 ** 32 - 500;
    await rig.run(probe, 'ifTable');
    await rig.pass(10_000);
    rig.agent.interfaces = [{ ...eth0, inOctets: 2_000 }];
    expect(fieldsOf(await rig.run(probe, 'ifTable'), 'eth0')).toMatchObject({ in_bytes_per_second: 100 });
  });

  it.each([
    ['seen at once', 10_000, 300],
    ['seen much later', 3_600_000, 180_000],
  ])('gives no rate across a restart of the agent, %s, and one again after it', async (_when, ms, upTime) => {
    const probe = rig.probing(V2C);
    await rig.run(probe, 'ifTable');
    await rig.pass(ms);
    rig.ticks = upTime;
    rig.agent.interfaces = [{ ...eth0, inOctets: 500_000 }];
    expect(fieldsOf(await rig.run(probe, 'ifTable'), 'eth0')).not.toHaveProperty('in_bytes_per_second');
    await rig.pass(10_000);
    rig.agent.interfaces = [{ ...eth0, inOctets: 500_500 }];
    expect(fieldsOf(await rig.run(probe, 'ifTable'), 'eth0')).toMatchObject({ in_bytes_per_second: 50 });
  });

  it('gives no rate to an interface that took over the index of another', async () => {
    const probe = rig.probing(V2C);
    await rig.run(probe, 'ifTable');
    await rig.pass(10_000);
    rig.agent.interfaces = [{ ...eth0, descr: 'eth1', inOctets: 4_000_000 }];
    const readings = await rig.run(probe, 'ifTable');
    expect(fieldsOf(readings, 'eth1')).toMatchObject({ in_bytes_total: 4_000_000 });
    expect(fieldsOf(readings, 'eth1')).not.toHaveProperty('in_bytes_per_second');
  });

  it('gives no rate when the agent says that counters were set anew', async () => {
    const probe = rig.probing(V2C);
    await rig.run(probe, 'ifXTable');
    await rig.pass(10_000);
    rig.agent.interfaces = [{ ...eth0, hcInOctets: 6_000_000_000n, discontinuity: 100_500 }];
    expect(fieldsOf(await rig.run(probe, 'ifXTable'), 'eth0')).not.toHaveProperty('in_bytes_per_second');
  });

  it('keeps the last complete walk as the base of rates when one fails', async () => {
    const probe = rig.probing(V2C, { maxRows: 2 });
    await rig.run(probe, 'ifTable');
    await rig.pass(10_000);
    rig.agent.interfaces = [lo, { ...eth0, inOctets: 90_000 }, { ...eth0, index: 3 }];
    await expect(rig.run(probe, 'ifTable')).rejects.toMatchObject({ code: 'too-large' });
    await rig.pass(10_000);
    rig.agent.interfaces = [lo, { ...eth0, inOctets: 101_000 }];
    expect(fieldsOf(await rig.run(probe, 'ifTable'), 'eth0')).toMatchObject({ in_bytes_per_second: 5_000 });
  });
});
