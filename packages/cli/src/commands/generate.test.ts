import { chmod, mkdir, readdir, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { breakwater } from '../io.suite.js';
import { StackFolder } from './stack-folder.suite.js';

const generate = (folder: StackFolder, ...more: string[]) => breakwater('generate', '--file', folder.file, ...more);

describe('breakwater generate', { timeout: 180_000 }, () => {
  it('writes everything, and then nothing more', async () => {
    await using folder = await StackFolder.init();
    const first = await generate(folder);
    expect(first.code).toBe(0);
    const names = first.printed.trimEnd().split('\n');
    expect(names).toContain('new      haproxy/haproxy.cfg');
    expect(names).toContain('new      prometheus/prometheus.yml');
    expect(first.said).toBe(`${names.length} of ${names.length} files written\n`);
    expect(await folder.files()).toHaveLength(names.length + 2);
    expect(await generate(folder)).toEqual({ code: 0, printed: '', said: `${names.length} files up to date\n` });
  });

  it('says what changed, writes that alone, and keeps its mode', async () => {
    await using folder = await StackFolder.rendered();
    await chmod(folder.at('haproxy/haproxy.cfg'), 0o750);
    const before = await stat(folder.at('prometheus/alertmanager.yml'));
    await folder.change('breakwater.stack.yaml', 'max: 20', 'max: 40');
    const { printed } = await generate(folder);
    expect(printed).toContain('changed  haproxy/haproxy.cfg\n');
    expect(printed).toContain('changed  k8s/telemetry-deployment.yaml\n');
    expect(printed).not.toContain('alertmanager.yml');
    expect((await stat(folder.at('haproxy/haproxy.cfg'))).mode & 0o777).toBe(0o750);
    expect((await stat(folder.at('prometheus/alertmanager.yml'))).mtimeMs).toBe(before.mtimeMs);
    expect(await folder.read('haproxy/haproxy.cfg')).toContain('server-template collector 1-41 ');
    expect((await folder.files()).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('--check writes nothing, names what differs, and exits with 1', async () => {
    await using folder = await StackFolder.rendered();
    await folder.change('haproxy/haproxy.cfg', 'timeout connect 2s', 'timeout connect 9s');
    await unlink(folder.at('docker-compose.yml'));
    expect(await generate(folder, '--check')).toEqual({
      code: 1,
      printed: `docker-compose.yml: is missing of what ${folder.file} renders\nhaproxy/haproxy.cfg: is not what ${folder.file} renders\n`,
      said: 'breakwater generate writes them anew\n',
    });
    expect(await folder.read('haproxy/haproxy.cfg')).toContain('timeout connect 9s');
    expect(await folder.files()).not.toContain('docker-compose.yml');
  });

  it('names what an earlier stack file rendered, and nothing else', async () => {
    await using folder = await StackFolder.rendered();
    const heading = (await folder.read('haproxy/haproxy.cfg')).split('\n')[0]!;
    await mkdir(folder.at('deploy/old'), { recursive: true });
    await mkdir(folder.at('elsewhere'));
    for (const path of ['k8s/old.yaml', 'deploy/old/start.sh', 'docker-compose.old.yml', 'elsewhere/mine.yaml']) {
      await writeFile(folder.at(path), `${heading}\nx: 1\n`);
    }
    await writeFile(folder.at('k8s/mine.yaml'), `# mine\n# ${'x'.repeat(600)}\n${heading}\n`);
    const names = ['deploy/old/start.sh', 'docker-compose.old.yml', 'k8s/old.yaml'];
    const lines = names.map((name) => `${name}: is no longer rendered; delete it\n`).join('');
    expect(await generate(folder)).toMatchObject({ code: 0, printed: lines });
    expect(await generate(folder, '--check')).toMatchObject({ code: 1, printed: lines });
    expect(await folder.files()).toContain('k8s/old.yaml');
  });

  it('tells every mistake of the stack file, and writes nothing', async () => {
    await using folder = await StackFolder.init();
    await folder.change('breakwater.stack.yaml', '  min: 3', '  minn: 3');
    await folder.change('breakwater.stack.yaml', 'port: 8404', 'port: 84040');
    const { code, printed, said } = await generate(folder);
    expect([code, printed]).toEqual([1, '']);
    expect(said).toContain(`${folder.file}: 2 mistakes\n`);
    expect(said).toMatch(/breakwater\.stack\.yaml:\d+: error: collectors\.minn: is not known; did you mean "min"\?/);
    expect(said).toContain('proxy.port: 84040 cannot be used');
    expect(await folder.files()).toEqual(['breakwater.stack.yaml', 'deploy/targets.yaml']);
    expect(await breakwater('generate', '--file', folder.at('none.yaml'))).toMatchObject({ code: 1, printed: '' });
  });

  it.each([
    ['a folder', 'k8s'],
    ['a file', 'docker-compose.yml'],
  ])('writes through no symbolic link that stands for %s', async (_name, path) => {
    await using folder = await StackFolder.init();
    await using other = await StackFolder.make();
    await symlink(path === 'k8s' ? other.path : other.at('target'), folder.at(path));
    for (const more of [[], ['--check']]) {
      const { code, said } = await generate(folder, ...more);
      expect(code).toBe(1);
      expect(said).toContain('symbolic link');
    }
    expect(await readdir(other.path)).toEqual([]);
    // Looked at before anything is written.
    expect(await folder.files()).not.toContain('haproxy/haproxy.cfg');
  });
});
