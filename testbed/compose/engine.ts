import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { requireProgram } from '@breakwater/testbed';
import { run } from './command.js';
import { readPacketRules, removeAdded } from './packet-rules.js';

/** A Docker engine that answers: the one that runs, or one of our own that is gone with all its data when we end. */
export interface Engine extends AsyncDisposable {
  /** What docker and docker-compose must know to reach it. */
  readonly env: Readonly<Record<string, string>>;
  readonly isOurs: boolean;
}

const START_MS = 30_000;
const STOP_MS = 20_000;

export async function openEngine(): Promise<Engine> {
  await requireProgram({ program: 'docker', debianPackage: 'docker.io' });
  const answers = await run('docker', ['version']).then(
    () => true,
    () => false,
  );
  // The builder of BuildKit is not part of every installation.
  if (answers) return { env: { DOCKER_BUILDKIT: '0' }, isOurs: false, [Symbol.asyncDispose]: async () => {} };
  return startEngine();
}

async function startEngine(): Promise<Engine> {
  const dockerd = await requireProgram({ program: 'dockerd', debianPackage: 'docker.io' });
  await requireProgram({ program: 'iptables', debianPackage: 'iptables' });
  const rules = await readPacketRules();
  const dir = await mkdtemp(join(tmpdir(), 'breakwater-docker-'));
  const log = openSync(join(dir, 'log'), 'w');
  const host = `unix://${join(dir, 'docker.sock')}`;
  const folders = ['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec'), '--pidfile', join(dir, 'pid')];
  // Compose makes the networks that it needs; the engine's own would stay behind.
  const options = [...folders, '--bridge', 'none', '-H', host];
  // Not of our process group: a Ctrl-C is ours to handle, and the engine is needed to take down what it runs.
  const daemon = spawn(dockerd, options, { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const env = { DOCKER_HOST: host, DOCKER_BUILDKIT: '0' };
  const ended = once(daemon, 'exit');
  const stop = async () => {
    daemon.kill('SIGTERM');
    if ((await Promise.race([ended, pause(STOP_MS, 'late')])) === 'late') daemon.kill('SIGKILL');
    await ended;
    await removeAdded(rules);
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  const end = performance.now() + START_MS;
  for (;;) {
    try {
      await run('docker', ['version'], { env });
      return { env, isOurs: true, [Symbol.asyncDispose]: stop };
    } catch (error) {
      if (daemon.exitCode === null && performance.now() < end) await pause(200);
      else {
        const said = (await readFile(join(dir, 'log'), 'utf8')).trimEnd().split('\n').slice(-10).join('\n');
        await stop();
        throw new Error(`dockerd does not start here:\n${said}`, { cause: error });
      }
    }
  }
}
