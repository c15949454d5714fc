import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export interface ProgramSource {
  /** Name of the executable, or its path. */
  readonly program: string;
  readonly debianPackage: string;
}

// Daemons live in sbin, which is not on every user's path.
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'];

export async function findProgram(name: string, path = process.env['PATH'] ?? ''): Promise<string | undefined> {
  const folders = [...path.split(':').filter((entry) => entry !== ''), ...SYSTEM_FOLDERS];
  for (const folder of isAbsolute(name) ? [''] : new Set(folders)) {
    const file = join(folder, name);
    const executable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return file;
  }
  return undefined;
}

/** The program's path. A missing one is installed where that can work, else the error's one line names the package. */
export async function requireProgram({ program, debianPackage }: ProgramSource): Promise<string> {
  const found = await findProgram(program);
  if (found !== undefined) return found;
  const advice = `install the Debian package ${debianPackage}, or set BREAKWATER_SERVERS=none to run what needs no server`;
  const apt = await findProgram('apt-get');
  if (apt === undefined || process.getuid?.() !== 0) throw new Error(`testbed: ${program} is missing: ${advice}`);
  process.stderr.write(`testbed: ${program} is missing; installing the Debian package ${debianPackage} through apt\n`);
  const log = await installPackage(debianPackage);
  const installed = await findProgram(program);
  if (installed !== undefined) return installed;
  const lastLine = log.trimEnd().split('\n').at(-1);
  throw new Error(`testbed: ${program} is missing and apt could not install it (${lastLine}): ${advice}`);
}

/**
 * One apt at a time, across all test processes. The lists are fetched only when installing without them fails. A fresh
 * policy-rc.d, removed afterwards, keeps the package's own service from starting; one that is there already is kept.
 */
const INSTALL = `
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\\nexit 101\\n' > "$policy" && chmod 755 "$policy"
fi
install() { apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 "$1"; }
install "$1" || { apt-get update && install "$1"; }
`;

/** Runs apt and returns what it printed; whether it helped is for the caller to see. */
async function installPackage(name: string): Promise<string> {
  const script = ['sh', '-c', INSTALL, 'install', name];
  const flock = await findProgram('flock');
  const [command, ...args] =
    flock === undefined ? script : [flock, join(tmpdir(), 'breakwater-testbed.apt'), ...script];
  return new Promise((resolve, reject) => {
    const apt = spawn(command!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    const keep = (chunk: Buffer) => {
      log = (log + chunk).slice(-65_536);
    };
    apt.stdout.on('data', keep);
    apt.stderr.on('data', keep);
    apt.once('error', reject);
    apt.once('close', () => resolve(log));
  });
}
