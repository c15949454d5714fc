import { startServer } from '@breakwater/testbed';
import { describe, expect, it } from 'vitest';
import { connect, connections, lua, told, watchLinks, works, worksAgain } from './link.suite.js';

watchLinks();

describe('messages', () => {
  it('come to everybody who listens, and to nobody else, also after Redis was gone', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url });
    const publish = (channel: string, text: string) =>
      link.run(lua(`return redis.call('PUBLISH', ARGV[1], ARGV[2])`), [], [channel, text]);
    const [first, second, other]: string[][] = [[], [], []];
    let gaps = 0;
    const one = link.subscribe(
      'news',
      (text) => first!.push(text),
      () => gaps++,
    );
    link.subscribe('news', () => {
      throw new Error('a bad listener');
    });
    link.subscribe('news', (text) => second!.push(text));
    link.subscribe('other', (text) => other!.push(text));
    await expect.poll(() => gaps).toBe(1);
    await expect.poll(() => publish('other', 'o')).toBe(1);
    await publish('news', 'a');
    await expect.poll(() => [first, second, other?.length]).toEqual([['a'], ['a'], expect.any(Number)]);
    expect(told()).toContain('trouble');
    server.signal('SIGKILL');
    await server.restart();
    await expect.poll(() => gaps).toBe(2);
    await worksAgain(link);
    await publish('news', 'b');
    await expect
      .poll(() => [first, second])
      .toEqual([
        ['a', 'b'],
        ['a', 'b'],
      ]);
    one[Symbol.dispose]();
    await publish('news', 'c');
    await expect.poll(() => second).toEqual(['a', 'b', 'c']);
    expect(first).toEqual(['a', 'b']);
  });

  it('need a connection only while somebody listens', async () => {
    await using server = await startServer('redis');
    const link = connect({ url: server.url, name: 'ears' });
    expect(await connections(server.port, 'ears')).toBe(1);
    const [one, two] = [link.subscribe('a', () => {}), link.subscribe('b', () => {})];
    await expect.poll(() => connections(server.port, 'ears')).toBe(2);
    one[Symbol.dispose]();
    await works(link);
    expect(await connections(server.port, 'ears')).toBe(2);
    two[Symbol.dispose]();
    two[Symbol.dispose]();
    await expect.poll(() => connections(server.port, 'ears')).toBe(1);
    let gaps = 0;
    link.subscribe(
      'a',
      () => {},
      () => gaps++,
    );
    await expect.poll(() => gaps).toBe(1);
    link.subscribe(
      'a',
      () => {},
      () => gaps++,
    );
    await expect.poll(() => gaps).toBe(2);
  });
});
