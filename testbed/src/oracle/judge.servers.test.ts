import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startServer } from '../start.js';
import { judge, storedInInflux, storedInVictoria } from './judge.js';
import { Producer } from './producer.js';

const POINTS = 50;

async function produce(url: string): Promise<Producer> {
  const producer = new Producer({ url: () => url, name: 'p', pointsPerWrite: POINTS, writers: 2 });
  producer.start();
  while (producer.accepted.size < 1_000) await pause(5);
  await producer.stop();
  return producer;
}

describe('the judge', () => {
  it('finds in InfluxDB what was accepted, and what is missing', async () => {
    await using influx = await startServer('influxdb');
    const producer = await produce(influx.url);
    const verdict = judge(producer, await storedInInflux(producer, influx.url));
    expect(verdict).toMatchObject({ missing: [], unasked: [], stored: producer.accepted.size });
    producer.accepted.add(10_000_000).delete(0);
    expect(judge(producer, await storedInInflux(producer, influx.url))).toMatchObject({
      missing: [10_000_000],
      unasked: [0],
    });
  });

  it('finds the same in VictoriaMetrics', async () => {
    await using victoria = await startServer('victoria-metrics');
    const producer = await produce(victoria.url);
    await victoria.flush();
    await expect
      .poll(async () => judge(producer, await storedInVictoria(producer, victoria.url)), { timeout: 60_000 })
      .toMatchObject({ missing: [], unasked: [], stored: producer.accepted.size });
  });

  it('keeps apart what was refused and what got no answer', async () => {
    const influx = await startServer('influxdb', { database: 'other' });
    const producer = new Producer({ url: () => influx.url, name: 'q', pointsPerWrite: POINTS, writers: 1 });
    producer.start();
    while ((producer.answers.get('404') ?? 0) === 0) await pause(5);
    await influx.stop();
    while ((producer.answers.get('none') ?? 0) === 0) await pause(5);
    await producer.stop();
    expect(producer.accepted.size).toBe(0);
    expect(producer.unanswered.size).toBe(producer.answers.get('none')! * POINTS);
  });
});
