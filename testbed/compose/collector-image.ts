import { cp, mkdir, mkdtemp, readFile, readlink, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { run } from './command.js';
import { imageNamed } from './host-image.js';
import { COLLECTOR_IMAGE, NODE } from './images.js';

/**
 * The collector's image by the last stage of its own Dockerfile. Its first stage fetches packages, which needs a
 * network; in its place stands what it would have made: the built collector and its dependencies, from this workspace.
 */
export async function buildCollectorImage(root: string, env: Readonly<Record<string, string>>): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), 'breakwater-image-'));
  try {
    await copyApplication(root, join(context, 'app'));
    const stages = (await readFile(join(root, 'examples/telemetry-collector/Dockerfile'), 'utf8')).split(/^(?=FROM )/m);
    await writeFile(
      join(context, 'Dockerfile'),
      `ARG NODE_IMAGE\nFROM scratch AS build\nCOPY app /app\n${stages.at(-1)}`,
    );
    const args = ['--build-arg', `NODE_IMAGE=${imageNamed(NODE.name)}`, '-t', COLLECTOR_IMAGE];
    await run('docker', ['build', '--network', 'none', '-q', ...args, context], { env });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** What `npm ci --omit=dev` would have installed: packages as they are, and of the workspace's own what is published. */
async function copyApplication(root: string, app: string): Promise<void> {
  const args = ['ls', '--all', '--omit=dev', '--parseable', '--workspace', '@breakwater/telemetry-collector'];
  const found = (await run('npm', args, { cwd: root })).trim().split('\n');
  for (const path of found.map((each) => relative(root, each)).filter((each) => each !== '')) {
    const real = relative(root, await realpath(join(root, path)));
    await mkdir(dirname(join(app, path)), { recursive: true });
    // A package of the workspace is a link to its folder.
    if (real !== path) await symlink(await readlink(join(root, path)), join(app, path));
    const left = new Set(real === path ? [] : ['src', 'test', 'scripts', 'api', 'node_modules']);
    const filter = (source: string) => !left.has(relative(join(root, real), source).split(sep)[0]!);
    await cp(join(root, real), join(app, real), { recursive: true, verbatimSymlinks: true, filter });
  }
}
