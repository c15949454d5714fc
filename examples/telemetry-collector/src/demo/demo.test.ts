import { createConnection } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Demo, startDemo } from './demo.js';

describe('the demo', () => {
  let demo: Demo;
  afterEach(() => demo[Symbol.asyncDispose]());

  it('has a target of each fate, all on this machine, with timeouts within their intervals', async () => {
    demo = await startDemo();
    const targets = [...demo.targets.values()];
    expect(targets.map(({ name, probe }) => `${name} ${probe}`)).toEqual([
      'healthy http',
      'slow http',
      'flaky http',
      'dying http',
      'port tcp',
      'page prometheus',
      'names dns',
      'self host',
    ]);
    for (const target of targets) {
      if ('url' in target) expect(new URL(target.url).hostname).toBe('127.0.0.1');
      expect(target.timeoutMs).toBeLessThan(target.intervalMs);
    }
  });

  it('serves what it says: an answer, a page of metrics, an open port', async () => {
    demo = await startDemo();
    const fetchFrom = async (name: string) => {
      const target = demo.targets.get(name)!;
      return fetch('url' in target ? target.url : '');
    };
    expect((await fetchFrom('healthy')).status).toBe(200);
    expect(await (await fetchFrom('page')).text()).toMatch(/^demo_visits_total 1$/m);
    const port = demo.targets.get('port')!;
    const socket = createConnection('port' in port ? port.port : 0, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.destroy();
  });

  it('leaves nothing behind when it stops', async () => {
    demo = await startDemo();
    const { url } = demo.targets.get('healthy') as { url: string };
    await demo[Symbol.asyncDispose]();
    await expect(fetch(url)).rejects.toThrow();
  });
});
