import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, RejectedError } from '../../core/errors.js';
import { collect } from '../../metrics/collect.js';
import { settle, VirtualClock } from '../../testing/virtual-clock.js';
import { NameLookupError } from './name-lookup-error.js';
import type { Answer, Ask } from './question.js';
import { type NameLookupOptions, nameLookup } from './system-lookup.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'breakwater-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A look-up in virtual time whose servers do as `script` says; a server without a script is silent. */
function setup(script: (name: string, family: 4 | 6) => Answer | undefined, options: NameLookupOptions = {}) {
  const clock = new VirtualClock();
  const asked: string[] = [];
  let open = 0;
  const ask: Ask = ({ name, family }, server, timeoutMs, _clock, signal) =>
    new Promise((resolve) => {
      asked.push(`${server} ${name} ${family}`);
      open++;
      const end = (answer: Answer) => {
        open--;
        timer[Symbol.dispose]();
        signal.removeEventListener('abort', cancel);
        resolve(answer);
      };
      const cancel = () => end({ code: 'ECANCELLED' });
      const answer = script(name, family);
      const timer = clock.after(answer === undefined ? timeoutMs : 10, () => end(answer ?? { code: 'ETIMEOUT' }));
      signal.addEventListener('abort', cancel);
    });
  const names = nameLookup({ clock, ask, hostsFile: file('hosts'), resolvConf: file('resolv.conf'), ...options });
  const addresses = async (...args: Parameters<typeof names.lookup>) => {
    let settled = false;
    const running = names.lookup(...args).finally(() => {
      settled = true;
    });
    running.catch(() => {});
    await settle();
    for (let round = 0; !settled && round < 20; round++) await clock.advance(10);
    return (await running).map(({ address }) => address);
  };
  return { names, clock, asked, addresses, open: () => open };
}

const file = (name: string, text?: string): string => {
  const path = join(folder, name);
  if (text !== undefined) writeFileSync(path, text);
  return path;
};
const found = (...addresses: string[]): Answer => ({
  addresses: addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  ttlMs: 60_000,
});
const v4only = (_name: string, family: 4 | 6): Answer => (family === 4 ? found('10.0.0.1') : { code: 'ENODATA' });
const silence = () => undefined;

describe('SystemLookup: what this machine knows', () => {
  it('passes IP addresses through, with brackets and without', async () => {
    const { addresses, asked } = setup(silence);
    expect(await addresses('10.0.0.1')).toEqual(['10.0.0.1']);
    expect(await addresses('[::1]')).toEqual(['::1']);
    expect(await addresses('::1', { family: 6 })).toEqual(['::1']);
    await expect(addresses('10.0.0.1', { family: 6 })).rejects.toMatchObject({ code: 'ENODATA' });
    expect(asked).toEqual([]);
  });

  it('answers from the hosts file first, whatever the case and the dot at the end', async () => {
    file('hosts', '::5 db.test\n10.0.0.5 db.test\n10.0.0.6 db.test\n');
    const { addresses, asked } = setup(v4only);
    expect(await addresses('DB.test')).toEqual(['10.0.0.5', '::5', '10.0.0.6']);
    expect(await addresses('db.test.')).toEqual(['10.0.0.5', '::5', '10.0.0.6']);
    expect(await addresses('db.test', { family: 6 })).toEqual(['::5']);
    expect(await setup(v4only, { prefer: 6 }).addresses('db.test')).toEqual(['::5', '10.0.0.5', '10.0.0.6']);
    expect(asked).toEqual([]);
  });

  it('asks a server for the family that the hosts file does not have', async () => {
    file('hosts', '10.0.0.5 db.test\n');
    const { addresses } = setup((_name, family) => found(family === 6 ? '::9' : '10.0.0.9'));
    expect(await addresses('db.test', { family: 6 })).toEqual(['::9']);
  });

  it('knows localhost and what is below it without asking', async () => {
    const { addresses, asked } = setup(silence);
    expect(await addresses('localhost')).toEqual(['127.0.0.1', '::1']);
    expect(await addresses('api.localhost.')).toEqual(['127.0.0.1', '::1']);
    file('hosts', '127.0.0.1 localhost\n');
    const other = setup(silence);
    expect(await other.addresses('localhost')).toEqual(['127.0.0.1']);
    expect(await other.addresses('localhost', { family: 6 })).toEqual(['::1']);
    expect(asked).toEqual([]);
  });

  it('sees a change of the hosts file within 5 s', async () => {
    const { addresses, clock } = setup(v4only);
    expect(await addresses('db.test')).toEqual(['10.0.0.1']);
    file('hosts', '10.0.0.5 db.test\n');
    await clock.advance(5000);
    expect(await addresses('db.test')).toEqual(['10.0.0.5']);
  });
});

describe('SystemLookup: asking', () => {
  it('obeys search list and servers of resolv.conf', async () => {
    file('resolv.conf', 'search svc.test test\nnameserver 10.9.9.9\noptions ndots:2 timeout:3\n');
    const { addresses, asked } = setup((name, family) =>
      name === 'db.app.test' && family === 4 ? found('10.0.0.1') : { code: 'ENOTFOUND' },
    );
    const running = addresses('db.app');
    await expect(running).resolves.toEqual(['10.0.0.1']);
    expect(asked.filter((each) => each.endsWith('4'))).toEqual([
      '10.9.9.9 db.app.svc.test 4',
      '10.9.9.9 db.app.test 4',
    ]);
  });

  it('asks servers given as an option instead of those of resolv.conf', async () => {
    file('resolv.conf', 'nameserver 10.9.9.9\n');
    const { addresses, asked } = setup(v4only, { servers: ['10.8.8.8:5353'] });
    await addresses('a.test', { family: 4 });
    expect(asked).toEqual(['10.8.8.8:5353 a.test 4']);
  });

  it('takes turns among servers where resolv.conf says `rotate`, and only there', async () => {
    file('resolv.conf', 'nameserver 10.0.0.1\nnameserver 10.0.0.2\noptions rotate\n');
    const rotating = setup(v4only);
    for (const name of ['a.test', 'b.test', 'c.test']) await rotating.addresses(name, { family: 4 });
    expect(rotating.asked).toEqual(['10.0.0.1 a.test 4', '10.0.0.2 b.test 4', '10.0.0.1 c.test 4']);
    file('resolv.conf', 'nameserver 10.0.0.1\nnameserver 10.0.0.2\n');
    const steady = setup(v4only);
    for (const name of ['a.test', 'b.test']) await steady.addresses(name, { family: 4 });
    expect(steady.asked).toEqual(['10.0.0.1 a.test 4', '10.0.0.1 b.test 4']);
  });

  it('asks once for all who want the same name at the same time', async () => {
    const { names, asked, clock } = setup(v4only);
    const running = [names.lookup('a.test'), names.lookup('A.test'), names.lookup('a.test', { family: 4 })];
    await clock.advance(10);
    for (const each of await Promise.all(running)) expect(each).toEqual([{ address: '10.0.0.1', family: 4 }]);
    expect(asked.sort()).toEqual(['127.0.0.1 a.test 4', '127.0.0.1 a.test 4', '127.0.0.1 a.test 6']);
  });

  it('says what went wrong, with what, and which servers are configured', async () => {
    const { addresses } = setup(() => ({ code: 'ESERVFAIL' }), { servers: ['10.8.8.8', '10.8.8.9'] });
    const error = await addresses('a.test').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NameLookupError);
    expect(error).toMatchObject({ code: 'ESERVFAIL', hostname: 'a.test', servers: ['10.8.8.8', '10.8.8.9'] });
    expect((error as Error).message).toBe(
      'look-up of "a.test": the name server failed (name servers: 10.8.8.8, 10.8.8.9) [ESERVFAIL]',
    );
  });

  it('refuses what is no host name without asking, and shows no more than the beginning of it', async () => {
    const { addresses, asked } = setup(v4only);
    await expect(addresses('')).rejects.toMatchObject({ code: 'EBADNAME' });
    const error = await addresses('x'.repeat(1_000_000)).catch((reason: unknown) => reason as NameLookupError);
    expect((error as NameLookupError).hostname).toHaveLength(256);
    expect(asked).toEqual([]);
  });
});

describe('SystemLookup: remembering', () => {
  it('remembers an answer as long as its server allows', async () => {
    const { addresses, asked, clock } = setup(v4only);
    await addresses('a.test', { family: 4 });
    await clock.advance(59_980);
    await addresses('a.test', { family: 4 });
    expect(asked).toHaveLength(1);
    await clock.advance(20);
    await addresses('a.test', { family: 4 });
    expect(asked).toHaveLength(2);
  });

  it('remembers no answer longer than it may', async () => {
    const { addresses, asked, clock } = setup(v4only, { maxTtlMs: 1000 });
    await addresses('a.test', { family: 4 });
    await clock.advance(1000);
    await addresses('a.test', { family: 4 });
    expect(asked).toHaveLength(2);
  });

  it.each(['ENOTFOUND', 'ENODATA'] as const)('remembers %s for a short while', async (code) => {
    const { addresses, asked, clock } = setup(() => ({ code }));
    await expect(addresses('a.test', { family: 4 })).rejects.toMatchObject({ code });
    await expect(addresses('a.test', { family: 4 })).rejects.toMatchObject({ code });
    expect(asked).toHaveLength(1);
    await clock.advance(5000);
    await expect(addresses('a.test', { family: 4 })).rejects.toMatchObject({ code });
    expect(asked).toHaveLength(2);
  });

  it.each(['ESERVFAIL', 'EREFUSED', 'ECONNREFUSED'] as const)('does not remember a failure (%s)', async (code) => {
    const { addresses, asked } = setup(() => ({ code }), { servers: ['10.8.8.8'] });
    await expect(addresses('a.test', { family: 4 })).rejects.toMatchObject({ code });
    const before = asked.length;
    await expect(addresses('a.test', { family: 4 })).rejects.toMatchObject({ code });
    expect(asked).toHaveLength(2 * before);
  });

  it('forgets everything when resolv.conf changes', async () => {
    file('resolv.conf', 'nameserver 10.0.0.1\n');
    const { addresses, asked, clock } = setup(v4only);
    await addresses('a.test', { family: 4 });
    file('resolv.conf', 'nameserver 10.0.0.22\n');
    await clock.advance(5000);
    await addresses('a.test', { family: 4 });
    expect(asked).toEqual(['10.0.0.1 a.test 4', '10.0.0.22 a.test 4']);
  });

  it('does not remember what was asked before resolv.conf changed, and answered after', async () => {
    file('resolv.conf', 'nameserver 10.0.0.1\n');
    const { names, addresses, asked, clock } = setup(v4only);
    await clock.advance(4995);
    const slow = names.lookup('a.test', { family: 4 });
    await settle();
    file('resolv.conf', 'nameserver 10.0.0.22\n');
    await clock.advance(5);
    names.lookup('b.test', { family: 4 }).catch(() => {});
    await clock.advance(10);
    expect(await slow).toHaveLength(1);
    await addresses('a.test', { family: 4 });
    expect(asked).toEqual(['10.0.0.1 a.test 4', '10.0.0.22 b.test 4', '10.0.0.22 a.test 4']);
  });

  it('remembers a bounded number of answers', async () => {
    const { addresses, names } = setup(v4only, { maxCached: 3 });
    for (let index = 0; index < 10; index++) await addresses(`host-${index}.test`);
    expect(metric(names, 'connection_pool_lookup_cache_entries')).toBe(3);
  });
});

describe('SystemLookup: giving up', () => {
  it('ends one caller at its abort; the others have their answer', async () => {
    const { names, clock } = setup(v4only);
    const controller = new AbortController();
    const leaver = names.lookup('a.test', { signal: controller.signal });
    const stayer = names.lookup('a.test');
    controller.abort(new Error('enough'));
    await expect(leaver).rejects.toMatchObject({ code: 'ECANCELLED', cause: new Error('enough') });
    await clock.advance(10);
    expect(await stayer).toEqual([{ address: '10.0.0.1', family: 4 }]);
  });

  it('ends one caller at its deadline; the others wait on', async () => {
    const { names, clock } = setup(silence);
    const outcome: string[] = [];
    names.lookup('a.test', { deadline: 100 }).catch((error) => outcome.push(`first ${error.code}`));
    names.lookup('a.test', { deadline: 300 }).catch((error) => outcome.push(`second ${error.code}`));
    await clock.advance(100);
    expect(outcome).toEqual(['first ETIMEOUT']);
    await clock.advance(200);
    expect(outcome).toEqual(['first ETIMEOUT', 'second ETIMEOUT']);
  });

  it('calls servers off, and leaves no timer, when the last caller leaves', async () => {
    const { names, clock, open } = setup(silence);
    const controller = new AbortController();
    const first = names.lookup('a.test', { signal: controller.signal });
    const second = names.lookup('a.test', { deadline: 100 });
    await settle();
    expect(open()).toBe(2);
    controller.abort();
    await expect(first).rejects.toMatchObject({ code: 'ECANCELLED' });
    expect(open()).toBe(2);
    second.catch(() => {});
    await clock.advance(100);
    expect(open()).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('leaves no timer behind an answer that came before the deadline', async () => {
    const { addresses, clock } = setup(v4only);
    expect(await addresses('a.test', { deadline: 10_000 })).toEqual(['10.0.0.1']);
    expect(clock.timers).toBe(0);
  });

  it('starts anew for who comes after the last caller left', async () => {
    const { names, clock } = setup(v4only);
    const controller = new AbortController();
    const gone = names.lookup('a.test', { signal: controller.signal });
    controller.abort();
    const fresh = names.lookup('a.test');
    await expect(gone).rejects.toMatchObject({ code: 'ECANCELLED' });
    await clock.advance(10);
    expect(await fresh).toEqual([{ address: '10.0.0.1', family: 4 }]);
  });

  it('ends by itself where nobody sets a deadline', async () => {
    const { names, clock, open } = setup(silence, { timeoutMs: 7000 });
    const running = names.lookup('a.test').catch((error) => error.code);
    await clock.advance(6999);
    expect(open()).toBe(2);
    await clock.advance(1);
    expect(await running).toBe('ETIMEOUT');
    expect(open()).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('does not ask for who has aborted or is too late already', async () => {
    const { names, asked, clock } = setup(v4only);
    await clock.advance(50);
    await expect(names.lookup('a.test', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ECANCELLED' });
    await expect(names.lookup('a.test', { deadline: 50 })).rejects.toMatchObject({ code: 'ETIMEOUT' });
    expect(asked).toEqual([]);
  });

  it('leaves no listener on a signal that outlives the look-up', async () => {
    const { addresses } = setup(v4only);
    const { signal } = new AbortController();
    let listeners = 0;
    const counted = new Proxy(signal, {
      get(target, key) {
        if (key === 'addEventListener') listeners++;
        if (key === 'removeEventListener') listeners--;
        const value = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    await addresses('a.test', { signal: counted });
    expect(listeners).toBe(0);
  });

  it('rejects more names than it may ask for at once, and only while they are', async () => {
    const { names, clock } = setup(v4only, { maxPending: 2 });
    const running = [names.lookup('a.test'), names.lookup('b.test'), names.lookup('a.test')];
    const refused = names.lookup('c.test');
    await expect(refused).rejects.toBeInstanceOf(RejectedError);
    await expect(refused).rejects.toMatchObject({ reason: 'queue-full', policy: 'dns' });
    await clock.advance(10);
    await Promise.all(running);
    const later = names.lookup('c.test');
    await clock.advance(10);
    expect(await later).toEqual([{ address: '10.0.0.1', family: 4 }]);
  });
});

describe('SystemLookup: the rest', () => {
  it('refuses options that make no sense', () => {
    for (const options of [
      { servers: ['dns.test'] },
      { servers: [] },
      { timeoutMs: 0 },
      { maxPending: 0 },
      { maxPending: 1.5 },
      { maxCached: -1 },
      { maxTtlMs: Number.NaN },
      { negativeTtlMs: -1 },
      { prefer: 5 as never },
    ])
      expect(() => nameLookup(options)).toThrow(ConfigError);
  });

  it('counts look-ups by how they ended', async () => {
    file('hosts', '10.0.0.5 db.test\n');
    const { names, addresses, clock } = setup((name, family) => {
      if (name === 'gone.test') return { code: 'ENOTFOUND' };
      if (name === 'silent.test') return undefined;
      return name === 'broken.test' ? { code: 'EREFUSED' } : v4only(name, family);
    });
    await addresses('db.test');
    for (let round = 0; round < 3; round++) await addresses('a.test');
    await addresses('gone.test').catch(() => {});
    names.lookup('broken.test').catch(() => {});
    names.lookup('silent.test', { deadline: clock.now() + 1000 }).catch(() => {});
    const controller = new AbortController();
    names.lookup('silent.test', { family: 4, signal: controller.signal }).catch(() => {});
    await clock.advance(100);
    expect(metric(names, 'connection_pool_lookups_pending')).toBe(2);
    controller.abort();
    await clock.advance(1000);
    const results = [...collect([names])].find(([{ name }]) => name === 'connection_pool_lookups_total')![1];
    expect(Object.fromEntries(results.map(({ labels, value }) => [labels['result'], value]))).toEqual({
      file: 1,
      cached: 2,
      found: 1,
      'not-found': 1,
      timeout: 1,
      failed: 1,
      cancelled: 1,
      rejected: 0,
    });
    expect(metric(names, 'connection_pool_lookups_pending')).toBe(0);
    expect(metric(names, 'connection_pool_lookup_file_errors_total')).toBe(0);
  });
});

function metric(names: ReturnType<typeof nameLookup>, name: string): unknown {
  return [...collect([names])].find(([definition]) => definition.name === name)![1][0]!.value;
}
