import { createSocket } from 'node:dgram';
import { stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../testing/virtual-clock.js';
import { startDnsServer } from './dns-server.suite.js';
import { askServer } from './question.js';
import { nameLookup } from './system-lookup.js';

const clock = new VirtualClock();
const never = new AbortController().signal;
const ask = (server: string, name: string, family: 4 | 6 = 4) =>
  askServer({ name, family }, server, 1000, clock, never);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await settle();
}

/** A UDP port of this machine that nobody has. */
async function closedPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

describe('askServer', () => {
  it('gives the addresses in the order of the answer, and the shortest time that they hold', async () => {
    await using server = await startDnsServer(({ type }) => ({
      addresses: type === 'A' ? ['10.0.0.2', '10.0.0.1'] : ['2001:db8::1'],
      ttlSeconds: type === 'A' ? 7 : 9,
    }));
    expect(await ask(server.address, 'a.test')).toEqual({
      addresses: [
        { address: '10.0.0.2', family: 4 },
        { address: '10.0.0.1', family: 4 },
      ],
      ttlMs: 7000,
    });
    expect(await ask(server.address, 'a.test', 6)).toEqual({
      addresses: [{ address: '2001:db8::1', family: 6 }],
      ttlMs: 9000,
    });
    expect(server.asked).toEqual([
      { name: 'a.test', type: 'A', over: 'udp' },
      { name: 'a.test', type: 'AAAA', over: 'udp' },
    ]);
  });

  it('follows an alias', async () => {
    await using server = await startDnsServer(() => ({ alias: 'b.test', addresses: ['10.0.0.1'] }));
    expect(await ask(server.address, 'a.test')).toMatchObject({ addresses: [{ address: '10.0.0.1' }] });
  });

  it.each([
    ['ENOTFOUND', { rcode: 3 }],
    ['ENODATA', {}],
    ['ESERVFAIL', { rcode: 2 }],
    ['EREFUSED', { rcode: 5 }],
    ['ENOTIMP', { rcode: 4 }],
    ['EFORMERR', { rcode: 1 }],
  ] as const)('answers %s for what the server says, after asking it once', async (code, scripted) => {
    await using server = await startDnsServer(() => scripted);
    expect(await ask(server.address, 'a.test')).toEqual({ code });
    expect(server.asked).toHaveLength(1);
  });

  it('asks again over TCP when the answer was truncated', async () => {
    await using server = await startDnsServer(() => ({ truncated: true, addresses: ['10.0.0.1'] }));
    expect(await ask(server.address, 'a.test')).toMatchObject({ addresses: [{ address: '10.0.0.1' }] });
    expect(server.asked.map(({ over }) => over)).toEqual(['udp', 'tcp']);
  });

  it('answers ECONNREFUSED where no server listens', async () => {
    expect(await ask(`127.0.0.1:${await closedPort()}`, 'a.test')).toEqual({ code: 'ECONNREFUSED' });
  });

  it('gives up on a silent server after its timeout, by the clock that it is given', async () => {
    await using server = await startDnsServer(() => undefined);
    const ownClock = new VirtualClock();
    const running = askServer({ name: 'a.test', family: 4 }, server.address, 1000, ownClock, never);
    await until(() => server.asked.length === 1);
    await ownClock.advance(999);
    expect(ownClock.timers).toBe(1);
    await ownClock.advance(1);
    expect(await running).toEqual({ code: 'ETIMEOUT' });
    expect(server.asked).toHaveLength(1);
  });

  it('ends at the abort of its signal, and ends nothing else', async () => {
    await using server = await startDnsServer(async ({ name }) => {
      if (name === 'gone.test') return undefined;
      await settle();
      return { addresses: ['10.0.0.1'] };
    });
    const controller = new AbortController();
    const gone = askServer({ name: 'gone.test', family: 4 }, server.address, 1000, clock, controller.signal);
    const other = ask(server.address, 'a.test');
    controller.abort();
    expect(await gone).toEqual({ code: 'ECANCELLED' });
    expect(await other).toMatchObject({ addresses: [{ address: '10.0.0.1' }] });
    const late = askServer({ name: 'a.test', family: 4 }, server.address, 1000, clock, controller.signal);
    expect(await late).toEqual({ code: 'ECANCELLED' });
  });

  it('asks the server for names that c-ares could find in the hosts file itself', async () => {
    await using server = await startDnsServer(() => ({ addresses: ['10.0.0.1'] }));
    expect(await ask(server.address, 'localhost')).toMatchObject({ addresses: [{ address: '10.0.0.1' }] });
  });
});

describe('SystemLookup with a real name server', () => {
  it('finds both families through the search list', async () => {
    await using server = await startDnsServer(({ name, type }) =>
      name === 'db.localdomain' || name === 'db' ? { addresses: [type === 'A' ? '10.0.0.1' : '::9'] } : { rcode: 3 },
    );
    const names = nameLookup({ servers: [server.address], hostsFile: '/nonexistent', resolvConf: '/nonexistent' });
    expect(await names.lookup('db')).toEqual([
      { address: '10.0.0.1', family: 4 },
      { address: '::9', family: 6 },
    ]);
  });

  it('takes no thread: a file is read while 64 look-ups hang', async () => {
    await using server = await startDnsServer(() => undefined);
    const names = nameLookup({ servers: [server.address], hostsFile: '/nonexistent', resolvConf: '/nonexistent' });
    const controllers = Array.from({ length: 64 }, () => new AbortController());
    let settled = 0;
    const hanging = controllers.map(({ signal }, index) =>
      names.lookup(`host-${index}.test`, { signal }).catch((error: { code: string }) => {
        settled++;
        return error.code;
      }),
    );
    await until(() => new Set(server.asked.map(({ name }) => name)).size === 64);
    await stat('/');
    expect(settled).toBe(0);
    for (const controller of controllers) controller.abort();
    expect(new Set(await Promise.all(hanging))).toEqual(new Set(['ECANCELLED']));
  });
});
