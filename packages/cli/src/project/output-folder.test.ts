import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { OutputFolder } from './output-folder.js';

let root: string;
let output: OutputFolder;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cli-output-'));
  await mkdir(join(root, 'stack'));
  output = new OutputFolder(join(root, 'stack'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

it('writes into folders that it makes, and reads what is there', async () => {
  expect(await output.read('a/b/c.yaml')).toBeUndefined();
  await output.write('a/b/c.yaml', 'x: 1\n');
  await output.write('a/b/c.yaml', 'x: 2\n');
  expect(await output.read('a/b/c.yaml')).toBe('x: 2\n');
  expect(await readdir(join(root, 'stack/a/b'))).toEqual(['c.yaml']);
});

it.each(['../other.yaml', 'a/../../other.yaml', '/tmp/other.yaml', '.', ''])('refuses the path %j', async (path) => {
  await expect(output.read(path)).rejects.toThrow('outside of');
  await expect(output.write(path, 'x')).rejects.toMatchObject({ code: 'ERR_BREAKWATER_OUTSIDE' });
  expect(await readdir(root)).toEqual(['stack']);
});

it('follows a link to a folder inside, and none that leads out or nowhere', async () => {
  await mkdir(join(root, 'stack/real'));
  await symlink('real', join(root, 'stack/inside'));
  await symlink(root, join(root, 'stack/out'));
  await symlink(join(root, 'nowhere'), join(root, 'stack/dangling'));
  await output.write('inside/a.yaml', 'x');
  expect(await readFile(join(root, 'stack/real/a.yaml'), 'utf8')).toBe('x');
  await expect(output.write('out/a.yaml', 'x')).rejects.toThrow('take the symbolic link away');
  await expect(output.write('out/new/a.yaml', 'x')).rejects.toThrow('take the symbolic link away');
  await expect(output.write('dangling/a.yaml', 'x')).rejects.toThrow();
  expect(await readdir(root)).toEqual(['stack']);
});

it('works when the folder itself is reached through a link', async () => {
  await symlink(join(root, 'stack'), join(root, 'link'));
  await new OutputFolder(join(root, 'link')).write('a.yaml', 'x');
  expect(await readFile(join(root, 'stack/a.yaml'), 'utf8')).toBe('x');
});

it('leaves nothing half-written when it fails', async () => {
  await mkdir(join(root, 'stack/a.yaml'));
  await writeFile(join(root, 'stack/a.yaml/inside'), '');
  await expect(output.write('a.yaml', 'x')).rejects.toThrow();
  expect(await readdir(join(root, 'stack'))).toEqual(['a.yaml']);
});
