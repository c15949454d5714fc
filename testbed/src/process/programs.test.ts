import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findProgram, requireProgram } from './programs.js';

// It "installs" by writing a program beside itself, and knows packages only after an update.
const FAKE_APT = `#!/bin/sh
here=$(dirname "$0")
echo "begin $*" >> "$here/apt.log"
sleep 0.05
echo "end $*" >> "$here/apt.log"
if [ "$1" = update ]; then touch "$here/updated"; exit 0; fi
[ -e "$here/updated" ] || { echo "E: Unable to locate package"; exit 100; }
for name; do :; done
case "$name" in
  *-deb) program="\${name%-deb}"; printf '#!/bin/sh\\n' > "$here/$program"; chmod 755 "$here/$program" ;;
  *) echo "E: no such package"; exit 100 ;;
esac
`;

describe('requireProgram', () => {
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'breakwater-programs-'));
    await writeFile(join(dir, 'apt-get'), FAKE_APT);
    await chmod(join(dir, 'apt-get'), 0o755);
    vi.stubEnv('PATH', `${dir}:${process.env['PATH']}`);
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    await rm(dir, { recursive: true });
  });

  const asRoot = () => vi.spyOn(process, 'getuid').mockReturnValue(0);
  const aptLog = () => readFile(join(dir, 'apt.log'), 'utf8').catch(() => '');

  it('finds what is installed and asks apt for nothing', async () => {
    expect(await requireProgram({ program: 'sh', debianPackage: 'dash' })).toMatch(/\/sh$/);
    expect(await aptLog()).toBe('');
  });

  it('installs what is missing, updating the lists first where needed, and says so', async () => {
    asRoot();
    const path = await requireProgram({ program: 'lamp', debianPackage: 'lamp-deb' });
    expect(path).toBe(join(dir, 'lamp'));
    expect(process.stderr.write).toHaveBeenCalledWith(
      'testbed: lamp is missing; installing the Debian package lamp-deb through apt\n',
    );
    const commands = (await aptLog()).match(/(?<=begin ).*/g)!.map((line) => line.split(' ')[0]);
    expect(commands).toEqual(['install', 'update', 'install']);
  });

  it('runs one apt at a time', async () => {
    asRoot();
    const names = ['lamp', 'horn', 'bell'];
    await Promise.all(names.map((name) => requireProgram({ program: name, debianPackage: `${name}-deb` })));
    const steps = (await aptLog()).trimEnd().split('\n');
    for (let i = 0; i < steps.length; i += 2) expect(steps[i + 1]).toBe(steps[i]!.replace('begin', 'end'));
  });

  it('names the package in one line where nothing can be installed', async () => {
    vi.spyOn(process, 'getuid').mockReturnValue(1000);
    await expect(requireProgram({ program: 'lamp', debianPackage: 'lamp-deb' })).rejects.toThrow(
      /^testbed: lamp is missing: install the Debian package lamp-deb, or set BREAKWATER_SERVERS=none .*$/,
    );
    expect(await aptLog()).toBe('');
  });

  it("shows apt's last line where installing failed", async () => {
    asRoot();
    await expect(requireProgram({ program: 'lamp', debianPackage: 'lamp' })).rejects.toThrow(
      /apt could not install it \(E: no such package\): install the Debian package lamp,/,
    );
  });
});

describe('findProgram', () => {
  it('looks where daemons live even when the path does not name it', async () => {
    expect(await findProgram('sh', '')).toMatch(/^\/(usr\/)?bin\/sh$/);
  });

  it('finds nothing where nothing is', async () => {
    expect(await findProgram('no-such-program-anywhere')).toBeUndefined();
  });
});
