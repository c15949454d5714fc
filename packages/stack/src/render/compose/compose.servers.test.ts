import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { requireProgram } from '@breakwater/testbed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseStack } from '../../file/parse.js';
import { planStack } from '../../plan/plan.js';
import { renderCompose } from './compose.js';

const STACK =
  'apiVersion: breakwater/v1\nkind: Stack\ncollectors: { targetCidrs: [10.0.0.0/8], settings: { PRICE: "5$ on" } }\n';
const plan = planStack(parseStack(STACK, 'stack.yaml').stack);
const secrets = Object.fromEntries(plan.secrets.map(({ variable }) => [variable, `${variable.toLowerCase()}-made-up`]));

let program = '';
let dir = '';

beforeAll(async () => {
  program = await requireProgram({ program: 'docker-compose', debianPackage: 'docker-compose' });
  dir = await mkdtemp(join(tmpdir(), 'breakwater-compose-'));
  for (const { path, text } of renderCompose(plan)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
});
afterAll(() => rm(dir, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly said: string;
}

/** With nothing of our own environment but where programs are. */
async function compose(env: Record<string, string>, ...args: string[]): Promise<Outcome> {
  const options = { cwd: dir, env: { PATH: process.env['PATH'] ?? '', HOME: dir, ...env } };
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, said] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, said };
}

describe('docker-compose', () => {
  it.each(['docker-compose.ha.yml', 'docker-compose.yml'])('takes %s', async (file) => {
    expect(await compose(secrets, '-f', file, 'config', '-q')).toEqual({ code: 0, out: '', said: '' });
  });

  it('refuses a key that it does not know, so that taking the others says something', async () => {
    await writeFile(join(dir, 'misspelt.yml'), '{ "services": { "redis": { "image": "redis:7", "heathcheck": {} } } }');
    const { code, said } = await compose({}, '-f', 'misspelt.yml', 'config', '-q');
    expect(code).toBe(1);
    expect(said).toContain("'heathcheck'");
  });

  it.each([
    ['true', { SCALING_ENABLED: 'true' }],
    ['false', {}],
  ])("gives a developer's collector SCALING_ENABLED=%s for %j", async (value, env) => {
    const { out } = await compose({ ...secrets, ...env }, 'config');
    expect(out).toMatch(new RegExp(`SCALING_ENABLED: ["']${value}["']`));
  });

  it('shows what a value with a $ is', async () => {
    const { out } = await compose(secrets, 'config');
    expect(out).toContain('PRICE: 5$$ on');
  });

  it('starts nothing without a secret, and names it', async () => {
    const env = { ...secrets, GRAFANA_DB_PASSWORD: '' };
    const { code, said } = await compose(env, '-f', 'docker-compose.ha.yml', 'config', '-q');
    expect(code).toBe(1);
    expect(said).toContain(`\${GRAFANA_DB_PASSWORD:?`);
    expect(said).toContain('is not set: see .env.example');
  });

  it('publishes the proxy on this machine alone, and where it is told to', async () => {
    const standard = await compose(secrets, '-f', 'docker-compose.ha.yml', 'config');
    expect(standard.out.match(/^ {4}- (?!127\.0\.0\.1:)[\d.]+:\d+:\d+/m)).toBeNull();
    const wide = await compose({ ...secrets, PUBLISH_ADDRESS: '0.0.0.0' }, '-f', 'docker-compose.ha.yml', 'config');
    expect([...wide.out.matchAll(/- 0\.0\.0\.0:(\d+):\1/g)].map(([, port]) => port)).toEqual(['8086', '3000', '8080']);
  });
});
