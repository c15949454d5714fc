import { createHash } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { askRedis } from '@breakwater/testbed';
import { afterEach, beforeEach, expect } from 'vitest';
import { FLEET_CHANNEL, type FleetEvent } from '../events.js';
import { redisLink } from './link.js';
import type { RedisLinkOptions } from './options.js';
import type { RedisLink } from './redis-link.js';
import type { Script } from './script.js';

/** A script of a test's own. */
export const lua = (text: string): Script => ({
  name: 'test',
  text,
  sha1: createHash('sha1').update(text).digest('hex'),
});

export const COUNT: Script = lua(`return redis.call('INCR', KEYS[1])`);
/** What a deadline may be late by. */
export const SLACK_MS = 250;

const ECHO = lua('return {KEYS[1], ARGV[1], 1, false}');
const ECHOED = ['k', 'v', 1, null];

/** What the links of a test said. */
export const events: FleetEvent[] = [];
const unhandled: unknown[] = [];
const links: RedisLink[] = [];
const keep = (event: unknown) => events.push(event as FleetEvent);
const note = (error: unknown) => unhandled.push(error);
export const told = (): string[] => events.map(({ type }) => type);

/** Closes the links of each test of a file after it, and fails it where something went unhandled. */
export function watchLinks(): void {
  beforeEach(() => {
    subscribe(FLEET_CHANNEL, keep);
    process.on('unhandledRejection', note);
    process.on('uncaughtException', note);
  });
  afterEach(async () => {
    await Promise.all(links.splice(0).map((link) => link.close()));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    process.off('uncaughtException', note);
    unsubscribe(FLEET_CHANNEL, keep);
    events.length = 0;
    expect(unhandled.splice(0)).toEqual([]);
  });
}

export function connect(options: RedisLinkOptions): ReturnType<typeof redisLink> {
  const link = redisLink(options);
  links.push(link);
  return link;
}

const echo = (link: RedisLink) => link.run(ECHO, ['k'], ['v']);

export const works = (link: RedisLink): Promise<void> => expect(echo(link)).resolves.toEqual(ECHOED);

export const worksAgain = (link: RedisLink): Promise<void> =>
  expect.poll(() => echo(link).catch(String), { interval: 10 }).toEqual(ECHOED);

/**
 * Whether timers of this process alone end it in time. One that stood still finds several due at once: they go off in the
 * same turn, in whatever order, and a link whose time is up reads once more, a turn later. That is all waited for.
 */
export async function inTime(what: Promise<unknown>, ...afterEachOtherMs: readonly number[]): Promise<boolean> {
  const late = afterEachOtherMs.reduce(
    (before, ms) => before.then(() => pause(ms)).then(() => nextTurn().then(() => nextTurn())),
    Promise.resolve(),
  );
  return Promise.race([what.then(() => true), late.then(() => false)]);
}

/** Resolves when a link says that it lost its connection. */
export const isLost = (): Promise<void> =>
  new Promise((resolve) => {
    const hear = (event: unknown) => {
      if ((event as FleetEvent).type !== 'redis.lost') return;
      unsubscribe(FLEET_CHANNEL, hear);
      resolve();
    };
    subscribe(FLEET_CHANNEL, hear);
  });

/** How a call failed, and after how many milliseconds. */
export async function failure(link: RedisLink): Promise<{ reason: string; message: string; tookMs: number }> {
  const startedMs = performance.now();
  const error = await echo(link).then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => error,
  );
  return { reason: error.reason, message: error.message, tookMs: performance.now() - startedMs };
}

/** Redis' own count of the connections that are called `name`. */
export const connections = async (port: number, name: string): Promise<number> =>
  (await askRedis(port, 'CLIENT LIST')).split(`name=${name} `).length - 1;
