import { describe, expect, it } from 'vitest';
import { exporterListOf } from './exporter-list.js';
import { LIVE_NAMES, liveList } from './live-pages.suite.js';

/** What a machine has or has not: disks, network cards, clock sources. Its labels and types hold where it is there. */
const OF_THE_MACHINE = /^node_(?!cpu_seconds|memory_Mem|load|boot_time|filesystem_(?:avail|size)|exporter|scrape)/;

describe.each(LIVE_NAMES)('%s', (name) => {
  it('still has every metric of its list, of the same type and with the same labels', async () => {
    const listed = exporterListOf(name);
    const live = await liveList(name);
    if (live.version !== listed.version) expect(live.version.split('.')[0]).toBe(listed.version.split('.')[0]);
    const there = new Map(live.metrics.map((metric) => [metric.name, metric]));
    for (const metric of listed.metrics) {
      const found = there.get(metric.name);
      if (found === undefined && OF_THE_MACHINE.test(metric.name)) continue;
      expect(found, metric.name).toBeDefined();
      expect(`${metric.name} ${found!.type}`).toBe(`${metric.name} ${metric.type}`);
      const always = Object.keys(metric.labels).filter((label) => metric.sometimes?.includes(label) !== true);
      expect(Object.keys(found!.labels), metric.name).toEqual(expect.arrayContaining(always));
      expect(Object.keys(metric.labels), metric.name).toEqual(expect.arrayContaining(Object.keys(found!.labels)));
      for (const [label, values] of Object.entries(metric.labels)) {
        if (values !== 'any') expect(values, `${metric.name} ${label}`).toEqual(found!.labels[label]);
      }
    }
  });
});
