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
        'node_modules/undici': { version: '7.30.2', integrity: 'sha512-x', license: 'MIT' },
        'node_modules/lightningcss': { integrity: 'sha512-x', license: 'MPL-2.0', dev: true },
      }),
    ).toEqual([]);
  });

  it('refuses a download address', () => {
    const undici = {
      version: '7.30.2',
      integrity: 'sha512-x',
      license: 'MIT',
      resolved: 'https://registry.example/undici.tgz',
    };
    expect(check({ 'node_modules/undici': undici })).toEqual([
      expect.stringMatching(/undici names a download address/),
    ]);
  });

  it('refuses a package without a checksum', () => {
    expect(check({ 'packages/a/node_modules/opossum': { license: 'Apache-2.0' } })).toEqual([
      expect.stringMatching(/no checksum/),
    ]);
  });

  it('refuses a licence that is not permissive in what users install', () => {
    expect(check({ 'node_modules/a': { integrity: 'sha512-x', license: 'GPL-3.0' } })).toEqual([
      'node_modules/a is licensed GPL-3.0',
    ]);
    expect(check({ 'node_modules/a': { integrity: 'sha512-x' } })).toEqual([expect.stringMatching(/in no way/)]);
  });

  it('refuses an optional package that is not locked', () => {
    const locked = { integrity: 'sha512-x', license: 'MIT' };
    const linter = { ...locked, optionalDependencies: { 'linter-linux': '1.0.0', 'linter-darwin': '1.0.0' } };
    expect(check({ 'node_modules/linter': linter, 'node_modules/linter-linux': locked })).toEqual([
      expect.stringMatching(/node_modules\/linter may need linter-darwin, which is not locked/),
    ]);
    const nested = { 'node_modules/a/node_modules/linter-darwin': locked, 'node_modules/linter-linux': locked };
    expect(check({ 'node_modules/a/node_modules/linter': linter, ...nested })).toEqual([]);
  });
});
