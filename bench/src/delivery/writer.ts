import { setTimeout as pause } from 'node:timers/promises';
import { InfluxDB, Point } from '@influxdata/influxdb-client';
import type { WriterPlan, WriterReport } from './writer-plan.js';

/** How many points are made before the event loop gets its turn. */
const SLICE = 500;
const DELIVER_WITHIN_MS = 300_000;
/** A peer that has delivered nothing for so long delivers nothing more: a request takes 10 s at most. */
const GIVEN_UP_MS = 11_000;

/** The same points for both sides: two tags, three fields, a nanosecond timestamp. */
function pointOf(index: number, firstMs: number): Point {
  return new Point('sample')
    .tag('host', `host-${index % 100}`)
    .tag('region', 'eu-west')
    .floatField('load', (index % 1_000) / 7)
    .intField('n', index)
    .booleanField('up', index % 2 === 0)
    .timestamp(`${firstMs + index}000000`);
}

interface Side {
  write(point: Point): void;
  /** Resolves when every point is delivered, or given up: with the moment when the last one was. */
  end(): Promise<number>;
}

async function ours({ url, database, directory }: WriterPlan): Promise<Side> {
  // What the other side does not need is no part of its memory.
  const { httpBackend, openSpool } = await import('@breakwater/delivery');
  const { durableWriteApi } = await import('@breakwater/delivery/influxdb-client');
  const backend = httpBackend({ url, org: '', bucket: database, token: '' });
  const spool = await openSpool({ directory, backends: [backend] });
  const api = durableWriteApi({ spool, org: '', bucket: database, precision: 'ns' });
  return {
    write: (point) => api.writePoint(point),
    async end() {
      await api.close();
      await spool.drain({ deliverMs: DELIVER_WITHIN_MS, timeoutMs: DELIVER_WITHIN_MS });
      const endedMs = performance.now();
      await spool.close();
      return endedMs;
    },
  };
}

function theirs({ url, database, points }: WriterPlan): Side {
  let delivered = 0;
  let lastMs = performance.now();
  const writeSuccess = (lines: string[]) => {
    delivered += lines.length;
    lastMs = performance.now();
  };
  const api = new InfluxDB({ url, token: 'none' }).getWriteApi('', database, 'ns', { writeSuccess });
  // 1.6 knows this page alone; the client lets its path be set.
  api.path = `/write?db=${database}`;
  return {
    write: (point) => api.writePoint(point),
    async end() {
      // It fails with what it has given up: that is counted at the server.
      await api.close().catch(() => {});
      // It does not wait for the batches that it had sent before: whoever leaves now loses them, so we stay.
      while (delivered < points && performance.now() - lastMs < GIVEN_UP_MS) await pause(10);
      return lastMs;
    },
  };
}

/** Makes the lines and throws them away: what the program that writes takes by itself. */
function nobody(): Side {
  return {
    write: (point) => void point.toLineProtocol(),
    end: async () => performance.now(),
  };
}

const SIDES = { ours, theirs, nobody };

async function main(plan: WriterPlan): Promise<WriterReport> {
  const side = await SIDES[plan.side](plan);
  const startedMs = performance.now();
  const startedCpu = process.cpuUsage();
  const firstMs = Date.now() - 86_400_000;
  for (let index = 0; index < plan.points; index++) {
    side.write(pointOf(index, firstMs));
    if (index % SLICE !== SLICE - 1) continue;
    const dueMs = plan.pointsPerSecond === undefined ? 0 : ((index + 1) / plan.pointsPerSecond) * 1_000;
    await pause(Math.max(0, dueMs - (performance.now() - startedMs)));
  }
  const endedMs = await side.end();
  const cpu = process.cpuUsage(startedCpu);
  return {
    wallMs: endedMs - startedMs,
    cpuMs: (cpu.user + cpu.system) / 1_000,
    peakBytes: process.resourceUsage().maxRSS * 1_024,
  };
}

const report = await main(JSON.parse(process.argv[2]!) as WriterPlan);
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);
