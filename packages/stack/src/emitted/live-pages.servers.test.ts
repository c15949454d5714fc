import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exporterListOf } from './exporter-list.js';
import { LIVE_NAMES, liveList } from './live-pages.suite.js';

/** What a machine has or has not: disks, network cards, clock sources. Its labels and types hold where it is there. */
const OF_THE_MACHINE = /^node_(?!cpu_seconds|memory_Mem|load|boot_time|filesystem_(?:avail|size)|exporter|scrape)/;

/** `npm run exporter-lists` writes the lists anew instead of holding the exporters to them. */
const anew = process.env['EXPORTER_LISTS'] === 'anew';

describe.each(LIVE_NAMES)('%s', (name) => {
  it('still has every metric of its list, of the same type and with the same labels', async () => {
    const due = exporterListOf(name).metrics.map((metric) => metric.name);
    const live = await liveList(
      name,
      due.filter((metric) => !OF_THE_MACHINE.test(metric)),
    );
    const file = new URL(`../../data/emitted/${name}.json`, import.meta.url);
    if (anew) writeFileSync(file, `${JSON.stringify(live, null, 1)}\n`);
    const listed = exporterListOf(name);
    expect(live.exporter).toBe(listed.exporter);
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
