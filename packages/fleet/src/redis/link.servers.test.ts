import { createHash } from 'node:crypto';
import { startServer } from '@breakwater/testbed';
import { expect, it } from 'vitest';
import { redisLink } from './link.js';
import type { Script } from './script.js';

const lua = (text: string): Script => ({ name: 'test', text, sha1: createHash('sha1').update(text).digest('hex') });

it('runs scripts and hears messages', async () => {
  await using server = await startServer('redis');
  const link = redisLink({ url: server.url });
  const heard: string[] = [];
  await new Promise<void>((resolve) => link.subscribe('news', (message) => heard.push(message), resolve));
  const script = lua(`redis.call('PUBLISH', 'news', ARGV[1]) return {KEYS[1], ARGV[1], 1, false}`);
  expect(await link.run(script, ['k'], ['v'])).toEqual(['k', 'v', 1, null]);
  expect(await link.run(script, ['k'], [7])).toEqual(['k', '7', 1, null]);
  await expect.poll(() => heard).toEqual(['v', '7']);
  await expect(link.run(lua('return {'), [], [])).rejects.toMatchObject({ reason: 'refused' });
  server.signal('SIGKILL');
  await expect.poll(() => link.state).toBe('lost');
  await expect(link.run(script, ['k'], ['v'])).rejects.toMatchObject({ reason: 'unreachable' });
  await server.restart();
  await expect.poll(() => link.state, { timeout: 3_000 }).toBe('ready');
  expect(await link.run(script, ['k'], ['v'])).toEqual(['k', 'v', 1, null]);
  await link.close();
});
