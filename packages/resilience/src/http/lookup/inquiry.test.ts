import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../testing/virtual-clock.js';
import { type InquiryOptions, inquire } from './inquiry.js';
import type { NameLookupErrorCode } from './name-lookup-error.js';
import type { Answer, Ask } from './question.js';

/** What servers say: `server name family` → addresses or a code, after some milliseconds. Silent where nothing is said. */
type Said = Record<string, { says: readonly string[] | NameLookupErrorCode; afterMs?: number; ttlMs?: number }>;

function setup(said: Said, options: Partial<InquiryOptions> = {}) {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const asked: string[] = [];
  const ask: Ask = ({ name, family }, server, timeoutMs, _clock, signal) =>
    new Promise((resolve) => {
      const question = `${server} ${name} ${family}`;
      asked.push(question);
      const script = said[question];
      const timer = clock.after(Math.min(script?.afterMs ?? (script ? 1 : Infinity), timeoutMs), () =>
        resolve(
          script === undefined || (script.afterMs ?? 1) >= timeoutMs ? { code: 'ETIMEOUT' } : toAnswer(script, family),
        ),
      );
      signal.addEventListener('abort', () => {
        timer[Symbol.dispose]();
        resolve({ code: 'ECANCELLED' });
      });
    });
  const running = inquire({
    ask,
    clock,
    names: ['a.test'],
    tries: [{ server: 's1', timeoutMs: 1000 }],
    family: 4,
    prefer: 4,
    signal: controller.signal,
    ...options,
  });
  return { clock, controller, asked, running };
}

function toAnswer({ says, ttlMs = 60_000 }: Said[string], family: 4 | 6): Answer {
  return typeof says === 'string' ? { code: says } : { addresses: says.map((address) => ({ address, family })), ttlMs };
}

async function outcome(said: Said, options: Partial<InquiryOptions> = {}) {
  const { clock, running, asked } = setup(said, options);
  await clock.drain();
  const answer = await running;
  const found = 'addresses' in answer ? answer.addresses.map(({ address }) => address) : answer.code;
  return { found, asked, endedMs: clock.now(), answer };
}

const two = [
  { server: 's1', timeoutMs: 1000 },
  { server: 's2', timeoutMs: 1000 },
];

describe('inquire: servers', () => {
  it('asks the next server when one is silent', async () => {
    const { found, endedMs } = await outcome({ 's2 a.test 4': { says: ['10.0.0.1'] } }, { tries: two });
    expect(found).toEqual(['10.0.0.1']);
    expect(endedMs).toBe(1001);
  });

  it.each(['ESERVFAIL', 'EREFUSED', 'ENOTIMP', 'EFORMERR', 'EBADRESP', 'ECONNREFUSED'] as const)(
    'asks the next server after %s',
    async (says) => {
      const said: Said = { 's1 a.test 4': { says }, 's2 a.test 4': { says: ['10.0.0.1'] } };
      expect((await outcome(said, { tries: two })).found).toEqual(['10.0.0.1']);
    },
  );

  it.each(['ENOTFOUND', 'ENODATA', 'EBADNAME'] as const)('takes %s for an answer', async (says) => {
    const said: Said = { 's1 a.test 4': { says }, 's2 a.test 4': { says: ['10.0.0.1'] } };
    const { found, asked } = await outcome(said, { tries: two });
    expect(found).toBe(says);
    expect(asked).toEqual(['s1 a.test 4']);
  });

  it('reports what a server said rather than that another was silent', async () => {
    expect((await outcome({ 's1 a.test 4': { says: 'ESERVFAIL' } }, { tries: two })).found).toBe('ESERVFAIL');
    expect((await outcome({ 's2 a.test 4': { says: 'EREFUSED' } }, { tries: two })).found).toBe('EREFUSED');
    expect((await outcome({}, { tries: two })).found).toBe('ETIMEOUT');
  });
});

describe('inquire: the search list', () => {
  const names = ['a.one', 'a.two', 'a'];

  it('goes on where a name does not exist, has no address, or its server failed', async () => {
    const said: Said = {
      's1 a.one 4': { says: 'ENOTFOUND' },
      's1 a.two 4': { says: 'ESERVFAIL' },
      's1 a 4': { says: ['10.0.0.1'] },
    };
    expect((await outcome(said, { names })).found).toEqual(['10.0.0.1']);
    expect((await outcome({ ...said, 's1 a.two 4': { says: 'ENODATA' } }, { names })).found).toEqual(['10.0.0.1']);
  });

  it('stops at the first name with an address', async () => {
    const said: Said = { 's1 a.one 4': { says: ['10.0.0.1'] }, 's1 a.two 4': { says: ['10.0.0.2'] } };
    const { found, asked } = await outcome(said, { names });
    expect(found).toEqual(['10.0.0.1']);
    expect(asked).toEqual(['s1 a.one 4']);
  });

  it.each(['ETIMEOUT', 'ECONNREFUSED'] as const)('does not go on where no server answers (%s)', async (says) => {
    const { found, asked } = await outcome({ 's1 a.one 4': { says } }, { names });
    expect(found).toBe(says);
    expect(asked).toEqual(['s1 a.one 4']);
  });

  it('reports no data before a failure, and a failure before no such name', async () => {
    const verdict = async (...says: NameLookupErrorCode[]) => {
      const said = Object.fromEntries(names.map((name, index) => [`s1 ${name} 4`, { says: says[index]! }]));
      return (await outcome(said, { names })).found;
    };
    expect(await verdict('ENOTFOUND', 'ENOTFOUND', 'ENOTFOUND')).toBe('ENOTFOUND');
    expect(await verdict('ENOTFOUND', 'ESERVFAIL', 'ENOTFOUND')).toBe('ESERVFAIL');
    expect(await verdict('ENODATA', 'ESERVFAIL', 'ENOTFOUND')).toBe('ENODATA');
    expect(await verdict('ESERVFAIL', 'ENODATA', 'ENOTFOUND')).toBe('ENODATA');
  });
});

describe('inquire: both families', () => {
  const both = { family: 0 as const };

  it('asks for both at once and takes turns, the preferred family first', async () => {
    const said: Said = {
      's1 a.test 4': { says: ['10.0.0.1', '10.0.0.2', '10.0.0.3'], afterMs: 20 },
      's1 a.test 6': { says: ['::1'], afterMs: 1 },
    };
    const { found, endedMs } = await outcome(said, both);
    expect(found).toEqual(['10.0.0.1', '::1', '10.0.0.2', '10.0.0.3']);
    expect(endedMs).toBe(20);
    expect((await outcome(said, { ...both, prefer: 6 })).found).toEqual(['::1', '10.0.0.1', '10.0.0.2', '10.0.0.3']);
  });

  it('remembers no longer than the shorter of the two holds', async () => {
    const said: Said = {
      's1 a.test 4': { says: ['10.0.0.1'], ttlMs: 9000 },
      's1 a.test 6': { says: ['::1'], ttlMs: 5000 },
    };
    expect((await outcome(said, both)).answer).toMatchObject({ ttlMs: 5000 });
  });

  it('waits 50 ms for the other family once one has addresses', async () => {
    const silent = await outcome({ 's1 a.test 4': { says: ['10.0.0.1'], afterMs: 10 } }, both);
    expect(silent.found).toEqual(['10.0.0.1']);
    const said: Said = { 's1 a.test 4': { says: ['10.0.0.1'], afterMs: 10 } };
    const { running, clock } = setup({ ...said, 's1 a.test 6': { says: ['::1'], afterMs: 61 } }, both);
    await clock.advance(60);
    expect(await running).toMatchObject({ addresses: [{ address: '10.0.0.1' }] });
    const slower = await outcome({ ...said, 's1 a.test 6': { says: ['::1'], afterMs: 59 } }, both);
    expect(slower.found).toEqual(['10.0.0.1', '::1']);
  });

  it('is content with one family where the other has none or fails', async () => {
    for (const says of ['ENODATA', 'ENOTFOUND', 'ESERVFAIL'] as const) {
      const said: Said = { 's1 a.test 4': { says }, 's1 a.test 6': { says: ['::1'], afterMs: 30 } };
      expect((await outcome(said, both)).found).toEqual(['::1']);
    }
  });

  it('reports that the name does not exist, else a failure, else that it has no address', async () => {
    const verdict = async (four: NameLookupErrorCode, six: NameLookupErrorCode) =>
      (await outcome({ 's1 a.test 4': { says: four }, 's1 a.test 6': { says: six } }, both)).found;
    expect(await verdict('ENODATA', 'ENODATA')).toBe('ENODATA');
    expect(await verdict('ESERVFAIL', 'ENOTFOUND')).toBe('ENOTFOUND');
    expect(await verdict('ENODATA', 'ESERVFAIL')).toBe('ESERVFAIL');
    expect(await verdict('ETIMEOUT', 'ENODATA')).toBe('ETIMEOUT');
  });
});

describe('inquire: the signal', () => {
  it('ends all that is asked, and asks nothing more', async () => {
    const { controller, running, asked, clock } = setup({}, { tries: two, names: ['a.one', 'a.two'], family: 0 });
    await settle();
    controller.abort();
    expect(await running).toEqual({ code: 'ECANCELLED' });
    expect(asked).toEqual(['s1 a.one 4', 's1 a.one 6']);
    expect(clock.timers).toBe(0);
  });
});
