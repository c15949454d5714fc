import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { seededRandom, VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LaneBook } from '../book/lane-book.js';
import { MARKER_PREFIX } from '../log/frame-codec.js';
import { type Log, openLog } from '../log/log.js';
import { LaneGate } from './gate.js';
import { Lane } from './lane.js';
import { badLines, eventsOf, type Script, ScriptedBackend, STORED } from './lane.suite.js';

const FRAMES = 40;
const LINES = 50;
const nameOf = (frame: number) => `frame${String(frame).padStart(2, '0')}`;

describe('a lane and the log on disk', () => {
  let directory: string;
  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'lane-')), 'segments');
  });
  afterEach(() => rm(join(directory, '..'), { recursive: true }));

  /** A new process: everything but the disk is made anew. */
  async function open(book: LaneBook, clock: VirtualClock) {
    const backend = new ScriptedBackend(clock);
    const gate = new LaneGate({
      backend,
      clock,
      random: seededRandom(1),
      settings: { maxBatchPoints: 200, maxBatchBytes: 8_192, catchUpPointsPerSecond: 1_000_000 },
    });
    let lane: Lane | undefined;
    const log: Log = await openLog({
      directory,
      segmentBytes: 16_384,
      slot: 's',
      clock,
      onFrame: (frame) => book.add(frame),
      onCommit: (frames) => {
        for (const frame of frames) book.add(frame);
        lane?.wake();
      },
    });
    for (const gap of log.gaps) book.damage(gap);
    book.reconcile();
    const quarantined: string[] = [];
    const quarantine = {
      add: async (lines: ReadonlyArray<{ text: string }>) => void quarantined.push(...lines.map(({ text }) => text)),
      close: async () => {},
    };
    lane = new Lane({ gate, slot: 's', log, book, quarantine });
    return { backend, log, lane, quarantined };
  }

  const append = async (log: Log, from: number, to: number): Promise<void> => {
    for (let frame = from; frame <= to; frame++) {
      const body = Array.from({ length: LINES }, (_, line) => `${nameOf(frame)} v=${line}i ${line}\n`).join('');
      await log.append([
        {
          meta: { content: 'line-protocol', precision: 'ns', destination: { org: '', bucket: 'b' } },
          body: Buffer.from(body),
          points: LINES,
        },
      ]);
    }
  };

  /** Changes a byte of some frames on the disk: of the body, or of what stands before it. */
  const spoil = async (frames: readonly number[], part: 'body' | 'header'): Promise<void> => {
    for (const file of await readdir(directory)) {
      const path = join(directory, file);
      const bytes = await readFile(path);
      for (const frame of frames) {
        const at = bytes.indexOf(`${nameOf(frame)} v=0i`);
        if (at === -1) continue;
        const byte = part === 'body' ? at + 300 : bytes.lastIndexOf(MARKER_PREFIX, at) + 20;
        bytes[byte]! ^= 0x10;
      }
      await writeFile(path, bytes);
    }
  };

  const drain = async (book: LaneBook, clock: VirtualClock): Promise<void> => {
    // The disk is a real one: turns are over within half a second, and it may be busy for longer.
    const endMs = performance.now() + 60_000;
    while (book.pending + book.held > 0 && performance.now() < endMs) {
      await clock.advance(20);
      await setImmediate();
    }
    expect(book.pending + book.held).toBe(0);
  };

  const sum = ({ totals: { accepted, ...others } }: LaneBook): [accepted: number, others: number] => [
    accepted,
    Object.values(others).reduce((all, points) => all + points, 0),
  ];
  const framesIn = ({ sent }: ScriptedBackend): string[] => [
    ...new Set(sent.flatMap(({ lines }) => lines.map((line) => line.slice(0, 7)))),
  ];
  const allBut = (missing: readonly number[]): string[] =>
    Array.from({ length: FRAMES }, (_, index) => index + 1).flatMap((frame) =>
      missing.includes(frame) ? [] : [nameOf(frame)],
    );

  describe.each([
    ['one in the middle', [17]],
    ['two that follow each other', [17, 18]],
    ['some here and there', [1, 9, 10, 23, 39]],
  ] as const)('with damaged frames, %s', (_, missing) => {
    it.each(['body', 'header'] as const)('in the %s, goes on, and says what was lost', async (part) => {
      using events = eventsOf();
      const clock = new VirtualClock();
      const book = new LaneBook({ lane: 'http://influx:8086', startSeq: 1 });
      const { backend, log, lane, quarantined } = await open(book, clock);
      const script: Script = ({ lines }) =>
        lines.some((line) => line.startsWith('frame20 v=7i')) ? badLines() : STORED;
      backend.script = script;
      await append(log, 1, FRAMES);
      await spoil(missing, part);
      lane.start();
      await drain(book, clock);
      expect(framesIn(backend).sort()).toEqual(allBut(missing));
      const damaged = missing.length * LINES;
      expect(book.totals).toMatchObject({
        accepted: FRAMES * LINES,
        damaged,
        quarantined: 1,
        released: FRAMES * LINES - damaged - 1,
      });
      expect(sum(book)[0]).toBe(sum(book)[1]);
      expect(quarantined).toEqual(['frame20 v=7i 7']);
      const told = events.list.flatMap((event) => (event.type === 'lane.damaged' ? [event.points] : []));
      expect(told.reduce((all, points) => all + points, 0)).toBe(damaged);
      await lane.stop();
      await log.close();
    });

    it('before a process opened them, goes on in the next, and adds up across both', async () => {
      const clock = new VirtualClock();
      const before = new LaneBook({ lane: 'http://influx:8086', startSeq: 1 });
      const first = await open(before, clock);
      first.backend.script = () => new Promise(() => {});
      await append(first.log, 1, FRAMES);
      const checkpoint = before.checkpoint();
      await first.log.close();
      await spoil(missing, 'body');
      const book = new LaneBook({ lane: checkpoint.lane, startSeq: checkpoint.startSeq, checkpoint });
      const { backend, log, lane } = await open(book, clock);
      lane.start();
      await drain(book, clock);
      expect(framesIn(backend).sort()).toEqual(allBut(missing));
      const damaged = missing.length * LINES;
      expect(book.totals).toMatchObject({ accepted: FRAMES * LINES, damaged, released: FRAMES * LINES - damaged });
      await lane.stop();
      await log.close();
    });
  });

  it('keeps little more in memory than it sends, when it is owed little of much', async () => {
    const clock = new VirtualClock();
    const book = new LaneBook({ lane: 'http://influx:8086', startSeq: 1 });
    const { backend, log, lane } = await open(book, clock);
    await append(log, 1, 99);
    const { frames } = await log.read(1, { maxBytes: 1e9 });
    book.handOver(frames.filter(({ seq }) => seq % 9 !== 0));
    const kept: number[] = [];
    backend.send = async ({ body, bytes }) => {
      const chunks = new Set(body.map(({ buffer }) => buffer));
      kept.push([...chunks].reduce((sum, { byteLength }) => sum + byteLength, 0) / bytes);
      return STORED;
    };
    lane.start();
    await drain(book, clock);
    expect(book.totals.released).toBe(11 * LINES);
    expect(Math.max(...kept)).toBeLessThanOrEqual(2);
    await lane.stop();
    await log.close();
  });
});
