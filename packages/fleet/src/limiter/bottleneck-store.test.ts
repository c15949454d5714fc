import { systemClock } from '@breakwater/resilience';
import { settle } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { RedisLink, ScriptReply } from '../redis/redis-link.js';
import { bottleneckStore } from './bottleneck-store.js';

let answers: Array<(reply: ScriptReply) => void>;
let listeners: number;
const link: RedisLink = {
  address: 'redis:6379',
  state: 'ready',
  timeoutMs: 1_000,
  run: () => new Promise((answer) => answers.push(answer)),
  subscribe: () => {
    listeners++;
    return { [Symbol.dispose]: () => void listeners-- };
  },
  close: async () => {},
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  answers = [];
  listeners = 0;
});
afterEach(() => void vi.useRealTimers());

it.each([
  ['its settings are stored', 1],
  ['it is registered', 2],
])('leaves no listener and no timer when it is closed while %s', async (_, scripts) => {
  const open = bottleneckStore({ link, fleet: 'telemetry', key: 'core', user: 'a', settleMs: 1, clock: systemClock });
  const listener = { granted: () => {}, failed: () => {} };
  const store = open({ terms: { concurrent: 1, holdMs: 1_000 }, clear: false, listener });
  const opened = store.open().catch(() => {});
  await vi.waitUntil(() => answers.length === 1);
  for (let answered = 1; answered < scripts; answered++) {
    answers.at(-1)!('OK');
    await vi.waitUntil(() => answers.length > answered);
  }
  store.close();
  answers.at(-1)!('OK');
  await opened;
  await settle();
  expect([listeners, vi.getTimerCount()]).toEqual([0, 0]);
});
