import { VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { CountingServer, closedPort, eventually, FakeLookup, stuckPort } from './loopback.suite.js';
import { describeProbe } from './probe.suite.js';
import { TcpProbe } from './tcp.js';

describeProbe({
  kind: 'tcp',
  async healthy(clock) {
    const server = await new CountingServer(() => {}).listen();
    const nameLookup = new FakeLookup();
    return {
      probe: new TcpProbe({ host: 'db.test', port: server.port }, { nameLookup, clock }),
      contacts: () => nameLookup.asked + server.accepted,
      open: () => server.open,
      close: () => server.close(),
    };
  },
  hanging: {
    async 'the look-up'(clock) {
      const nameLookup = new FakeLookup();
      nameLookup.hang = true;
      return {
        probe: new TcpProbe({ host: 'db.test', port: 1 }, { nameLookup, clock }),
        contacts: () => nameLookup.asked,
        open: () => nameLookup.pending,
        close: async () => {},
      };
    },
    async 'the connect'(clock) {
      const stuck = await stuckPort();
      const nameLookup = new FakeLookup();
      return {
        probe: new TcpProbe({ host: 'db.test', port: stuck.port }, { nameLookup, clock }),
        contacts: () => nameLookup.asked,
        open: () => 0,
        close: () => stuck.close(),
      };
    },
  },
});

describe('the TCP probe', () => {
  const clock = new VirtualClock();
  const context = { signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY, attempt: 1 };
  let server: CountingServer | undefined;
  afterEach(() => server?.close());

  it('says how long look-up and connect took, and hangs up', async () => {
    server = await new CountingServer(() => {}).listen();
    const nameLookup = {
      async lookup() {
        await clock.advance(7);
        return [{ address: '127.0.0.1', family: 4 as const }];
      },
    };
    const probe = new TcpProbe({ host: 'db.test', port: server.port }, { nameLookup, clock });
    expect(await probe.operations[0]!.run(context)).toEqual([
      { measurement: 'tcp', tags: {}, fields: { lookup_ms: 7, connect_ms: 0 } },
    ]);
    await eventually(() => server!.accepted === 1 && server!.open === 0, 'hanging up');
  });

  it('tries the next address when the first one refuses', async () => {
    server = await new CountingServer(() => {}).listen();
    const addresses = [
      { address: '::1', family: 6 as const },
      { address: '127.0.0.1', family: 4 as const },
    ];
    const probe = new TcpProbe(
      { host: 'db.test', port: server.port },
      { nameLookup: { lookup: async () => addresses }, clock },
    );
    await probe.operations[0]!.run(context);
    await eventually(() => server!.accepted === 1, 'the connection');
  });

  it('names a refused connection, the target, and what to do', async () => {
    const port = await closedPort();
    const probe = new TcpProbe({ host: 'db.test', port }, { nameLookup: new FakeLookup(), clock });
    await expect(probe.operations[0]!.run(context)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(new RegExp(`^db.test:${port}: nothing listens there; check`)),
    });
  });

  it('says at which stage the time ran out', async () => {
    const stuck = await stuckPort();
    try {
      const probe = new TcpProbe({ host: 'db.test', port: stuck.port }, { nameLookup: new FakeLookup(), clock });
      const running = probe.operations[0]!.run({ ...context, deadline: clock.now() + 5_000 });
      const failure = expect(running).rejects.toThrow(
        `db.test:${stuck.port}: timed out after 5000 ms while connecting to 127.0.0.1; check that it is up`,
      );
      await clock.advance(5_000);
      await failure;
    } finally {
      await stuck.close();
    }
  });

  it('writes an IPv6 address so that the port can be told apart', async () => {
    const port = await closedPort();
    const probe = new TcpProbe({ host: '::1', port }, { nameLookup: new FakeLookup(), clock });
    await expect(probe.operations[0]!.run(context)).rejects.toThrow(`[::1]:${port}: `);
  });

  it('names a look-up that failed', async () => {
    const nameLookup = {
      lookup: () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })),
    };
    const probe = new TcpProbe({ host: 'db.test', port: 1 }, { nameLookup, clock });
    await expect(probe.operations[0]!.run(context)).rejects.toMatchObject({ code: 'dns' });
  });
});
