import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, it } from 'vitest';
import { observed, publish, RESILIENCE_CHANNEL, type ResilienceEvent } from './events.js';

it('events reach who listens on the channel, and nobody is observed otherwise', () => {
  const event: ResilienceEvent = { type: 'rejected', policy: 'web', reason: 'open' };
  const heard: unknown[] = [];
  const listen = (message: unknown) => heard.push(message);
  expect(observed()).toBe(false);
  publish(event);
  subscribe(RESILIENCE_CHANNEL, listen);
  try {
    expect(observed()).toBe(true);
    publish(event);
  } finally {
    unsubscribe(RESILIENCE_CHANNEL, listen);
  }
  expect(observed()).toBe(false);
  publish(event);
  expect(heard).toEqual([event]);
  expect(RESILIENCE_CHANNEL).toBe('breakwater:resilience');
});
