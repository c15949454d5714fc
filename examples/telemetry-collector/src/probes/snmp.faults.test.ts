import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventually } from './loopback.suite.js';
import { FakeAgent } from './snmp/agent.suite.js';
import { eth0, NO_LIMIT, SnmpRig, udpPort, V2C, V3 } from './snmp/rig.suite.js';
import { SnmpProbe } from './snmp.js';

describe('the SNMP probe of an agent that is not as it should be', () => {
  let rig: SnmpRig;
  beforeEach(async () => {
    rig = await SnmpRig.start();
  });
  afterEach(() => rig.close());

  it('fails by name when the agent shows no sysUpTime, and takes no other number for it', async () => {
    const shy = await FakeAgent.start({ shy: true });
    shy.interfaces = [eth0];
    try {
      const probe = rig.probing(V2C, { port: shy.port });
      for (const name of ['system', 'ifTable']) {
        await expect(rig.run(probe, name)).rejects.toMatchObject({
          code: 'failed',
          message: expect.stringContaining('does not show sysUpTime; check its view'),
        });
      }
    } finally {
      await shy.close();
    }
  });

  it('fails by name when the agent shows no interface', async () => {
    rig.agent.interfaces = [];
    await expect(rig.run(rig.probing(V2C), 'ifTable')).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('anything of ifTable'),
    });
  });

  it('says that the agent does not know the user', async () => {
    await expect(rig.run(rig.probing({ ...V3, user: 'nobody' }), 'system')).rejects.toMatchObject({
      code: 'auth',
      message: expect.stringContaining('Unknown User Name'),
    });
  });

  it('names a closed port at once', async () => {
    const closed = await udpPort();
    await closed.close();
    await expect(rig.run(rig.probing(V2C, { port: closed.port }), 'system')).rejects.toMatchObject({
      code: 'refused',
    });
  });

  it.each([
    ['bytes that are no BER', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['nothing', Buffer.alloc(0)],
    ['a message cut off', Buffer.from('302902010104067075626c6963a21c', 'hex')],
    ['v3 without a user', Buffer.from('303e020103301102044a1b2c3d020300ffe3040107020103041030', 'hex')],
  ])('names an answer of %s as malformed, and lives on', async (_what, answer) => {
    const server = await udpPort(() => answer);
    try {
      for (const credentials of [V2C, V3]) {
        await expect(rig.run(rig.probing(credentials, { port: server.port }), 'system')).rejects.toMatchObject({
          code: 'malformed',
        });
      }
    } finally {
      await server.close();
    }
  });

  it('survives an answer that net-snmp itself trips over: v3, signed, to a question in v2c', async () => {
    const part = (tag: number, ...content: Buffer[]) => {
      const body = Buffer.concat(content);
      return Buffer.concat([Buffer.of(tag, body.length), body]);
    };
    const integer = (value: number) => part(0x02, Buffer.of(value));
    const nothing = part(0x04);
    const security = part(0x30, nothing, integer(1), integer(1), nothing, nothing, nothing);
    const signed = part(0x04, Buffer.of(1));
    const server = await udpPort((request) => {
      // After version and community: the tag of the question, its length, and its id with tag and length.
      const at = 2 + 3 + 8 + 2;
      const id = request.subarray(at, at + 2 + request[at + 1]!);
      const head = part(0x30, id, integer(127), signed, integer(3));
      const answer = part(0xa2, id, integer(0), integer(0), part(0x30));
      return part(0x30, integer(3), head, part(0x04, security), part(0x30, nothing, nothing, answer));
    });
    try {
      await expect(rig.run(rig.probing(V2C, { port: server.port }), 'system')).rejects.toMatchObject({
        code: 'malformed',
      });
    } finally {
      await server.close();
    }
  });

  it('asks nothing any more when it was ended between the look-up and the first question', async () => {
    const caller = new AbortController();
    const nameLookup = {
      async lookup() {
        caller.abort();
        return [{ address: '127.0.0.1', family: 4 as const }];
      },
    };
    const options = { host: 'sw1.test', port: rig.agent.port, credentials: V2C, walk: [] };
    const [system] = new SnmpProbe(options, { nameLookup, clock: rig.clock }).operations;
    await expect(system!.run({ ...NO_LIMIT, signal: caller.signal })).rejects.toMatchObject({ code: 'aborted' });
    expect(rig.agent.received).toBe(0);
  });

  it('names an address that cannot be connected to', async () => {
    const nameLookup = { lookup: async () => [{ address: '255.255.255.255', family: 4 as const }] };
    const options = { host: 'sw1.test', port: 161, credentials: V2C, walk: [] };
    await expect(rig.run(new SnmpProbe(options, { nameLookup, clock: rig.clock }), 'system')).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  it('sends a lost message again, and gives up by itself where there is no deadline', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const server = await udpPort();
    try {
      const failure = expect(rig.run(rig.probing(V2C, { port: server.port }), 'system')).rejects.toMatchObject({
        code: 'timeout',
        message: expect.stringContaining('check that it runs, and the community or user'),
      });
      for (let tries = 1; tries <= 4; tries++) {
        await eventually(() => server.received() === tries && vi.getTimerCount() === 1, `try ${tries}`);
        vi.advanceTimersByTime(1_000);
      }
      await failure;
    } finally {
      vi.useRealTimers();
      await server.close();
    }
  });
});
