import type { Context } from '@breakwater/resilience';
import { VirtualClock } from '@breakwater/resilience/testing';
import { describe, expect, it } from 'vitest';
import { FanOut } from './fan-out.js';
import { LineAccount } from './line-account.js';
import type { Sink } from './sink.js';
import { contextOf, describeSink, errorOf, someLines } from './sink.suite.js';
import { SinkError } from './sink-error.js';

/** Keeps lines in memory, or loses them. */
class MemorySink implements Sink {
  readonly name: string;
  readonly lines: string[] = [];
  readonly account: LineAccount;
  failure: unknown;
  held: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(name: string) {
    this.name = name;
    this.account = new LineAccount(name, new VirtualClock());
  }

  async write(lines: readonly string[], { signal }: Context): Promise<void> {
    if (lines.length === 0) return;
    this.account.take(lines.length);
    const lose = (reason: 'aborted' | 'closed' | 'disk') => {
      this.account.lost(reason, lines.length);
      throw new SinkError(this.name, reason, lines.length);
    };
    if (this.#closed) lose('closed');
    if (signal.aborted) lose('aborted');
    await this.held;
    if (this.failure === true) lose('disk');
    if (this.failure !== undefined) throw this.failure;
    this.account.written(lines.length, 0);
    this.lines.push(...lines);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.held;
  }

  measure(record: Parameters<Sink['measure']>[0]): void {
    this.account.measure(record);
  }
}

describeSink('a fan-out of one', async () => {
  const memory = new MemorySink('memory');
  return {
    sink: new FanOut([memory]),
    stored: async () => [...memory.lines],
    damage: () => {
      memory.failure = true;
    },
    mend: () => {
      memory.failure = undefined;
    },
    dispose: async () => {},
  };
});

describe('a fan-out', () => {
  const three = () => {
    const sinks = ['a', 'b', 'c'].map((name) => new MemorySink(name)) as [MemorySink, MemorySink, MemorySink];
    return { sinks, all: new FanOut(sinks) };
  };

  it('gives every sink everything', async () => {
    const { sinks, all } = three();
    await all.write(someLines(5), contextOf());
    for (const { lines } of sinks) expect(lines).toEqual(someLines(5));
    expect(all.name).toBe('a, b, c');
  });

  it('waits for the slowest, and does not hold the others back', async () => {
    const { sinks, all } = three();
    let release = () => {};
    sinks[1].held = new Promise((resolve) => {
      release = resolve;
    });
    let isOver = false;
    const write = all.write(someLines(1), contextOf()).then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    expect(sinks[0].lines).toHaveLength(1);
    release();
    await write;
  });

  it('tells what one of them lost, when the others have stored it', async () => {
    const { sinks, all } = three();
    sinks[1].failure = true;
    const error = await errorOf(all.write(someLines(2), contextOf()));
    expect(error).toMatchObject({ sink: 'b', reason: 'disk', lines: 2 });
    expect(sinks[2].lines).toHaveLength(2);
  });

  it('tells what several lost in one error', async () => {
    const { sinks, all } = three();
    sinks[0].failure = true;
    sinks[2].failure = true;
    const error = await errorOf(all.write(someLines(2), contextOf()));
    expect(error).toMatchObject({ sink: '2 of 3 sinks', reason: 'disk', lines: 2 });
    expect(error.message).toContain('a: 2 lines lost: the disk failed; c: 2 lines lost: the disk failed');
  });

  it('does not dress up an error that is none of a sink', async () => {
    const { sinks, all } = three();
    sinks[0].failure = new TypeError('a bug');
    await expect(all.write(someLines(1), contextOf())).rejects.toThrow(TypeError);
  });

  it('closes every sink, also when one of them cannot', async () => {
    const { sinks, all } = three();
    sinks[0].close = () => Promise.reject(new Error('stuck'));
    await expect(all.close()).rejects.toThrow('stuck');
    expect((await errorOf(sinks[2].write(someLines(1), contextOf()))).reason).toBe('closed');
  });

  it('has the metrics of each', () => {
    const names = new Set<string | undefined>();
    three().all.measure((_definition, { sink }) => names.add(sink));
    expect([...names]).toEqual(['a', 'b', 'c']);
  });
});
