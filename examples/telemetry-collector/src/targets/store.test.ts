import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TargetChanges } from './changes.js';
import { TargetsFileError } from './mistakes.js';
import { type ReadCause, type ReloadOutcome, TargetStore } from './store.js';

const fileOf = (...names: string[]): string =>
  `apiVersion: breakwater/v1\nkind: Targets\ntargets: [${names.map((name) => `{ name: ${name}, probe: host }`)}]\n`;

const hashOf = (...names: string[]): number =>
  Number.parseInt(
    createHash('sha256')
      .update(fileOf(...names))
      .digest('hex')
      .slice(0, 12),
    16,
  );

describe('TargetStore', () => {
  let directory: string;
  let file: string;
  let clock: VirtualClock;
  let store: TargetStore;
  let told: Array<Record<keyof TargetChanges, string[]>>;
  let reloads: Array<{ outcome: ReloadOutcome; cause: ReadCause }>;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'targets-'));
    file = join(directory, 'targets.yaml');
    clock = new VirtualClock();
    told = [];
    reloads = [];
    store = new TargetStore({
      file,
      env: {},
      clock,
      onReload: (outcome, cause) => reloads.push({ outcome, cause }),
    });
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  const start = () =>
    store.start(({ added, changed, removed }) => {
      const names = (targets: TargetChanges['added']) => targets.map(({ name }) => name);
      told.push({ added: names(added), changed: names(changed), removed: names(removed) });
    });
  const metrics = () => {
    const values: Record<string, number> = {};
    store.measure(({ name }, labels, value) => {
      values[[name.replace(/^telemetry_targets_file_|_total$/g, ''), ...Object.values(labels)].join(' ')] =
        Number(value);
    });
    return values;
  };
  /** Waits until the change was seen, lets the quiet time pass, and waits for what comes of it. */
  const noticed = async (): Promise<void> => {
    const before = reloads.length;
    // One timer is that of the regular look.
    while (clock.timers < 2) await new Promise((resolve) => setImmediate(resolve));
    while (reloads.length === before) await clock.advance(200);
  };

  it('begins with the targets of the file', async () => {
    await writeFile(file, fileOf('a', 'b'));
    await start();
    expect(told).toEqual([{ added: ['a', 'b'], changed: [], removed: [] }]);
    expect([...store.targets.keys()]).toEqual(['a', 'b']);
    expect(metrics()).toEqual({
      'reads unchanged': 0,
      'reads changed': 1,
      'reads broken': 0,
      broken: 0,
      mistakes: 0,
      hash: hashOf('a', 'b'),
      loaded_timestamp_seconds: clock.wall() / 1000,
    });
  });

  it('tells of an empty list too: now it is known that there are none', async () => {
    await writeFile(file, fileOf());
    await start();
    expect(told).toEqual([{ added: [], changed: [], removed: [] }]);
  });

  it.each([
    ['is not there', undefined, /targets.yaml:1:1: cannot be read: ENOENT/],
    ['is broken', 'kind: Targets', /targets.yaml: 2 mistakes/],
    ['is no UTF-8', Buffer.from([0x61, 0x0a, 0x62, 0xff]), /targets.yaml:2:2: is no UTF-8/],
  ])('does not begin when the file %s', async (_what, content, message) => {
    if (content !== undefined) await writeFile(file, content);
    await expect(start()).rejects.toThrow(message);
    expect(told).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  it('does not begin with a folder, a pipe or a heap of data in place of the file', async () => {
    await mkdir(file);
    await expect(start()).rejects.toThrow(/is no regular file/);
    await rm(file, { recursive: true });
    await writeFile(file, '');
    await truncate(file, 16 * 1024 ** 2 + 1);
    await expect(start()).rejects.toThrow(/is larger than 16777216 bytes/);
  });

  it('tells what a change adds, changes and removes, and no more', async () => {
    await writeFile(file, fileOf('a', 'b', 'c'));
    await start();
    await writeFile(file, fileOf('a', 'c', 'd').replace('name: c,', 'name: c, interval: 1m,'));
    await store.reload('signal');
    expect(told[1]).toEqual({ added: ['d'], changed: ['c'], removed: ['b'] });
    expect(reloads).toEqual([
      { cause: 'signal', outcome: { outcome: 'changed', targets: 3, changes: expect.anything() as unknown } },
    ]);
  });

  it('has another hash with another file, one that says the same in other words too', async () => {
    await writeFile(file, fileOf('a'));
    await start();
    expect(metrics()).toMatchObject({ hash: hashOf('a') });
    await writeFile(file, `${fileOf('a')}# a word more\n`);
    await store.reload('change');
    expect(reloads[0]?.outcome).toEqual({ outcome: 'unchanged' });
    const { hash } = metrics();
    expect(Number.isSafeInteger(hash) && hash !== hashOf('a')).toBe(true);
    await writeFile(file, fileOf('a', 'b'));
    await store.reload('change');
    expect(metrics()).toMatchObject({ hash: hashOf('a', 'b') });
  });

  it('keeps the targets when the file breaks, says so, and goes on when it is mended', async () => {
    await writeFile(file, fileOf('a', 'b'));
    await start();
    await writeFile(file, fileOf('a').replace('host', 'hots'));
    await store.reload('change');
    expect([...store.targets.keys()]).toEqual(['a', 'b']);
    expect(reloads[0]?.outcome).toMatchObject({ outcome: 'broken', error: { total: 1 } });
    expect(store.error).toBeInstanceOf(TargetsFileError);
    expect(metrics()).toMatchObject({ broken: 1, mistakes: 1, 'reads broken': 1, hash: hashOf('a', 'b') });
    await rm(file);
    await store.reload('change');
    expect(store.error?.message).toMatch(/cannot be read/);
    await writeFile(file, fileOf('a', 'b'));
    await store.reload('change');
    expect(reloads[2]?.outcome).toMatchObject({ outcome: 'changed', targets: 2 });
    expect(told).toHaveLength(1);
    expect(metrics()).toMatchObject({ broken: 0, mistakes: 0, 'reads broken': 2, 'reads changed': 2 });
  });

  it('does not repeat itself about a file that has not changed, unless it is asked by hand', async () => {
    await writeFile(file, fileOf('a'));
    await start();
    await writeFile(file, 'broken');
    for (const cause of ['change', 'change', 'signal'] as const) await store.reload(cause);
    expect(reloads.map(({ outcome }) => outcome.outcome)).toEqual(['broken', 'unchanged', 'broken']);
    expect(metrics()['broken']).toBe(1);
  });

  it('reads once more for all who ask while it reads', async () => {
    await writeFile(file, fileOf('a'));
    await start();
    await Promise.all(Array.from({ length: 5 }, () => store.reload('signal')));
    expect(reloads.length).toBeLessThanOrEqual(2);
    expect(reloads.length).toBeGreaterThan(0);
  });

  it('reads again on SIGHUP, while it runs', async () => {
    await writeFile(file, fileOf('a'));
    const before = process.listenerCount('SIGHUP');
    await start();
    await writeFile(file, fileOf('b'));
    const reloaded = new Promise((resolve) => {
      const poll = (): unknown => (reloads.length > 0 ? resolve(undefined) : setImmediate(poll));
      poll();
    });
    process.kill(process.pid, 'SIGHUP');
    await reloaded;
    expect(told[1]).toEqual({ added: ['b'], changed: [], removed: ['a'] });
    await store.close();
    expect(process.listenerCount('SIGHUP')).toBe(before);
  });

  it('sees a file that is written in place, after a quiet time', async () => {
    await writeFile(file, fileOf('a'));
    await start();
    await writeFile(file, fileOf('b'));
    await noticed();
    expect(told[1]).toEqual({ added: ['b'], changed: [], removed: ['a'] });
    expect(reloads[0]?.cause).toBe('change');
  });

  it('sees a file that is replaced, as editors do, again and again', async () => {
    await writeFile(file, fileOf('a'));
    await start();
    for (const name of ['b', 'c']) {
      await writeFile(`${file}.new`, fileOf(name));
      await rename(`${file}.new`, file);
      // Not `noticed`: a late sign of one replacement may be what the next is waited for with.
      const before = told.length;
      while (told.length === before) await clock.advance(200);
    }
    expect(told.map(({ added }) => added)).toEqual([['a'], ['b'], ['c']]);
  });

  it('sees a link beside it that is swapped, as Kubernetes does with a ConfigMap', async () => {
    for (const [version, name] of [
      ['..v1', 'a'],
      ['..v2', 'b'],
    ] as const) {
      await mkdir(join(directory, version));
      await writeFile(join(directory, version, 'targets.yaml'), fileOf(name));
    }
    await symlink('..v1', join(directory, '..data'));
    await symlink(join('..data', 'targets.yaml'), file);
    await start();
    await symlink('..v2', join(directory, '..data_tmp'));
    await rename(join(directory, '..data_tmp'), join(directory, '..data'));
    await noticed();
    expect(told[1]).toEqual({ added: ['b'], changed: [], removed: ['a'] });
  });

  it('minds nothing but its file', async () => {
    await writeFile(file, fileOf('a'));
    await start();
    await writeFile(join(directory, 'other.yaml'), 'x');
    await rename(join(directory, 'other.yaml'), join(directory, 'another.yaml'));
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(clock.timers).toBe(1);
    await writeFile(file, fileOf('b'));
    await noticed();
    expect(reloads).toHaveLength(1);
  });

  it('looks from time to time, for changes that nobody tells it of', async () => {
    const real = await mkdtemp(join(tmpdir(), 'elsewhere-'));
    await writeFile(join(real, 'targets.yaml'), fileOf('a'));
    await symlink(join(real, 'targets.yaml'), file);
    await start();
    await writeFile(join(real, 'targets.yaml'), fileOf('b'));
    await clock.advance(30_000);
    while (told.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(told[1]?.added).toEqual(['b']);
    await rm(real, { recursive: true });
  });

  it('leaves nothing behind when it is closed', async () => {
    await writeFile(file, fileOf('a'));
    await start();
    await store.close();
    await writeFile(file, fileOf('b'));
    await store.reload('change');
    await clock.advance(60_000);
    expect(clock.timers).toBe(0);
    expect(told).toHaveLength(1);
  });
});
