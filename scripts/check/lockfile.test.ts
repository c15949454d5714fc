import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkLockfile } from './lockfile.js';

describe('checkLockfile', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'breakwater-lockfile-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const check = (packages: Record<string, object>) => {
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages }));
    return checkLockfile({ root }).map(({ message }) => message);
  };

  it('is content with checksums, links and the workspaces themselves', () => {
    expect(
      check({
        '': {},
        'packages/a': { version: '0.1.0' },
        'node_modules/@breakwater/a': { resolved: 'packages/a', link: true },
        'node_modules/undici': { version: '7.30.2', integrity: 'sha512-x' },
      }),
    ).toEqual([]);
  });

  it('refuses a download address', () => {
    const undici = { version: '7.30.2', integrity: 'sha512-x', resolved: 'https://registry.example/undici.tgz' };
    expect(check({ 'node_modules/undici': undici })).toEqual([
      expect.stringMatching(/undici names a download address/),
    ]);
  });

  it('refuses a package without a checksum', () => {
    expect(check({ 'packages/a/node_modules/opossum': { version: '9.0.0' } })).toEqual([
      expect.stringMatching(/no checksum/),
    ]);
  });
});
