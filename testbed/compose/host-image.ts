import { chmod, copyFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { requireProgram } from '@breakwater/testbed';
import { run } from './command.js';

/** An image made of programs of this machine: those, the libraries that they load, and a shell. Nothing is fetched. */
export interface HostImage {
  readonly name: string;
  readonly programs: ReadonlyArray<{ readonly program: string; readonly debianPackage: string }>;
  /** Folders of this machine that Debian's build of the program looks for. */
  readonly copies?: readonly string[];
  /** Files by path in the image. */
  readonly files?: Readonly<Record<string, string>>;
  /** Folders that belong to the image's user. */
  readonly folders?: readonly string[];
  readonly user?: string;
  readonly entrypoint?: readonly string[];
}

/** No registry answers there: an image that is not here cannot be fetched by mistake. */
export const imageNamed = (name: string): string => `127.0.0.1:5000/breakwater/${name}:test`;

const ACCOUNTS = {
  '/etc/passwd': 'root:x:0:0:root:/:/bin/sh\nnode:x:1000:1000::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n',
  '/etc/group': 'root:x:0:\nnode:x:1000:\nnogroup:x:65534:\n',
  '/etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
};

export async function buildHostImage(image: HostImage, env: Readonly<Record<string, string>>): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), 'breakwater-image-'));
  try {
    const root = join(context, 'root');
    for (const source of image.programs) await addProgram(root, await requireProgram(source));
    await addShell(root);
    for (const path of image.copies ?? []) await cp(path, join(root, path), { recursive: true });
    for (const [path, text] of Object.entries({ ...ACCOUNTS, ...image.files })) await addText(root, path, text);
    for (const folder of ['/tmp', '/run', '/var/run']) await mkdir(join(root, folder), { recursive: true });
    for (const folder of image.folders ?? []) await mkdir(join(context, 'owned', folder), { recursive: true });
    await chmod(join(root, 'tmp'), 0o1777);
    await writeFile(join(context, 'Dockerfile'), dockerfile(image));
    await run('docker', ['build', '--network', 'none', '-q', '-t', imageNamed(image.name), context], { env });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

function dockerfile({ folders = [], user, entrypoint }: HostImage): string {
  const owned = folders.map((folder) => `COPY --chown=${user ?? '0'} owned${folder} ${folder}\n`).join('');
  return [
    'FROM scratch\n',
    'COPY root /\n',
    owned,
    'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n',
    user === undefined ? '' : `USER ${user}\n`,
    entrypoint === undefined ? '' : `ENTRYPOINT ${JSON.stringify(entrypoint)}\n`,
  ].join('');
}

/** The program in /usr/local/bin, and its libraries where it looks for them. */
async function addProgram(root: string, file: string): Promise<void> {
  await addFile(root, file, join('/usr/local/bin', basename(file)));
  const libraries = await run('ldd', [file]).catch(() => '');
  for (const [path] of libraries.matchAll(/(?<=\s)\/\S+/g)) await addFile(root, path, path);
}

async function addShell(root: string): Promise<void> {
  const busybox = await requireProgram({ program: 'busybox', debianPackage: 'busybox-static' });
  await addProgram(root, busybox);
  await mkdir(join(root, 'bin'), { recursive: true });
  const applets = (await run(busybox, ['--list'])).trim().split('\n');
  for (const applet of applets.filter((name) => name !== 'busybox')) {
    await symlink('/usr/local/bin/busybox', join(root, 'bin', applet));
  }
}

async function addFile(root: string, from: string, path: string): Promise<void> {
  await mkdir(join(root, dirname(path)), { recursive: true });
  await copyFile(from, join(root, path));
}

async function addText(root: string, path: string, text: string): Promise<void> {
  await mkdir(join(root, dirname(path)), { recursive: true });
  await writeFile(join(root, path), text);
  if (text.startsWith('#!')) await chmod(join(root, path), 0o755);
}
