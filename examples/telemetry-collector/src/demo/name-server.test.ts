import { Resolver } from 'node:dns/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerQuery, startNameServer } from './name-server.js';
import type { Service } from './service.js';

describe("the demo's name server", () => {
  let server: Service;
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });

  beforeEach(async () => {
    server = await startNameServer('demo.test');
    resolver.setServers([`127.0.0.1:${server.port}`]);
  });
  afterEach(() => server.stop());

  it('answers for the name it knows, as a resolver understands it', async () => {
    expect(await resolver.resolve4('demo.test', { ttl: true })).toEqual([{ address: '127.0.0.1', ttl: 60 }]);
    expect(await resolver.resolve4('DEMO.test')).toEqual(['127.0.0.1']);
  });

  it('has no data of other types, and no other names', async () => {
    await expect(resolver.resolve6('demo.test')).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(resolver.resolve4('other.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('does not answer what is no question', () => {
    const question = Buffer.from('1234010000010000000000000464656d6f04746573740000010001', 'hex');
    const answer = (bytes: Buffer) => answerQuery(bytes, 'demo.test', [127, 0, 0, 1]);
    expect(answer(question)?.subarray(-4)).toEqual(Buffer.from([127, 0, 0, 1]));
    for (let length = 0; length < question.length; length++) {
      expect(answer(question.subarray(0, length)), `the first ${length} bytes`).toBeUndefined();
    }
    const response = Buffer.from(question);
    response[2] = 0x81;
    expect(answer(response)).toBeUndefined();
  });
});
