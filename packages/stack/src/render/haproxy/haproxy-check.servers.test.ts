import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeCertificates, requireProgram } from '@breakwater/testbed';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseStack } from '../../file/parse.js';
import { planStack } from '../../plan/plan.js';
import { composeSite, kubernetesSite } from '../../plan/site.js';
import { haproxyText } from './haproxy.js';

const run = promisify(execFile);
const SITES = { Compose: composeSite, Kubernetes: kubernetesSite };

let dir: string;
let haproxy: string;
let certificate: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'breakwater-haproxy-check-'));
  haproxy = await requireProgram({ program: 'haproxy', debianPackage: 'haproxy' });
  const { certFile, keyFile } = await makeCertificates(dir);
  certificate = join(dir, 'load-balancer.pem');
  await writeFile(certificate, (await readFile(certFile, 'utf8')) + (await readFile(keyFile, 'utf8')));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function check(text: string, env: Record<string, string>): Promise<string> {
  const file = join(dir, 'haproxy.cfg');
  await writeFile(file, text);
  const { stdout, stderr } = await run(haproxy, ['-c', '-f', file], { env: { ...process.env, ...env } });
  return stdout + stderr;
}

const render = (site: keyof typeof SITES, replicas: number, proxy: object) => {
  const file = {
    apiVersion: 'breakwater/v1',
    kind: 'Stack',
    collectors: { targetCidrs: ['10.0.0.0/8'] },
    backends: { replicas },
    proxy,
  };
  const plan = planStack(parseStack(JSON.stringify(file), 'breakwater.stack.yaml').stack);
  return haproxyText(plan, SITES[site](plan));
};

const variants = (['Compose', 'Kubernetes'] as const).flatMap((site) =>
  [1, 2, 3].flatMap((replicas) => [false, true].map((tls) => ({ site, replicas, tls }))),
);

it.each(variants)('takes the file for $site with $replicas backends, TLS $tls, without a warning', async (variant) => {
  const { site, replicas, tls } = variant;
  const text = render(site, replicas, tls ? { tls: { certificate } } : {});
  const said = await check(text, { PROXY_COOKIE_KEY: '0123456789abcdef' });
  expect(said).toContain('Configuration file is valid');
  expect(said).not.toMatch(/WARNING|ALERT/);
});

it.each([{ PROXY_COOKIE_KEY: '' }, {}])('refuses to start without the key of the cookie (%j)', async (env) => {
  await expect(check(render('Compose', 2, {}), env as Record<string, string>)).rejects.toThrow(
    'PROXY_COOKIE_KEY is not set',
  );
});
