import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { requireProgram } from '@breakwater/testbed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ruleSetsOf } from '../../alerts/alerts.js';
import { type Mutant, mutantsOf } from '../../alerts/mutants.suite.js';
import { parseStack } from '../../file/parse.js';
import { type Plan, planStack } from '../../plan/plan.js';
import { renderMonitoring } from './monitoring.js';
import { testsByStep } from './promtool-tests.js';
import { ruleFile } from './rule-files.js';

const STACK = 'apiVersion: breakwater/v1\nkind: Stack\ncollectors: { targetCidrs: [10.0.0.0/8] }\n';
const RECEIVERS = `
monitoring:
  alertmanager:
    receivers:
      - { name: on-call, pagerduty: { keyFile: /run/secrets/pagerduty } }
      - { name: team, slack: { urlFile: /run/secrets/slack, channel: "#telemetry" }, email: { to: team@example.test } }
    routes: { critical: on-call, warning: team }
    smtp: { smarthost: "mail.example.test:587", from: a@example.test, user: a, passwordFile: /run/secrets/smtp }
`;
const planOf = (text: string): Plan => planStack(parseStack(text, 'stack.yaml').stack);

let folder: string;
let promtool: string;
let amtool: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'breakwater-monitoring-'));
  promtool = await requireProgram({ program: 'promtool', debianPackage: 'prometheus' });
  amtool = await requireProgram({ program: 'amtool', debianPackage: 'prometheus-alertmanager' });
});
afterAll(() => rm(folder, { recursive: true }));

async function put(path: string, text: string): Promise<string> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

/** Both streams, and whether it exited with 0. */
const run = (program: string, args: readonly string[]): Promise<{ ok: boolean; text: string }> =>
  new Promise((resolve) => {
    execFile(
      program,
      args,
      { maxBuffer: 64 * 1024 * 1024, env: { ...process.env, GOGC: '800' } },
      (error, stdout, stderr) => resolve({ ok: error === null, text: stdout + stderr }),
    );
  });

/** Runs test files, half of them at a time, and names those of which a test failed. */
async function failing(files: readonly string[]): Promise<{ failed: Set<string>; text: string }> {
  const halves = [0, 1]
    .map((half) => files.filter((_, index) => index % 2 === half))
    .filter(({ length }) => length > 0);
  const texts = await Promise.all(halves.map(async (half) => (await run(promtool, ['test', 'rules', ...half])).text));
  const failed = texts.flatMap((text) =>
    text
      .split('Unit Testing:')
      .slice(1)
      .filter((part) => !part.includes('SUCCESS'))
      .map((part) => part.trim().split(/\s/)[0]!),
  );
  return { failed: new Set(failed), text: texts.join('') };
}

describe('the rendered files', () => {
  it('are what Prometheus and Alertmanager read, and every case of every alert holds', {
    timeout: 900_000,
  }, async () => {
    const files = await Promise.all(
      renderMonitoring(planOf(STACK)).map(async ({ path, text }) => ({ path, file: await put(path, text) })),
    );
    const below = (prefix: string) => files.filter(({ path }) => path.startsWith(prefix)).map(({ file }) => file);
    expect(await run(promtool, ['check', 'config', ...below('prometheus/prometheus.yml')])).toMatchObject({ ok: true });
    expect(await run(promtool, ['check', 'rules', ...below('prometheus/rules/')])).toMatchObject({ ok: true });
    expect(await run(amtool, ['check-config', ...below('prometheus/alertmanager.yml')])).toMatchObject({ ok: true });
    const { failed, text } = await failing(below('prometheus/tests/'));
    expect([...failed], text).toEqual([]);
  });

  it('have receivers by reference', async () => {
    const rendered = renderMonitoring(planOf(STACK + RECEIVERS)).find(({ path }) => path.endsWith('alertmanager.yml'));
    const file = await put('receivers/alertmanager.yml', rendered!.text);
    expect(await run(amtool, ['check-config', file])).toMatchObject({ ok: true });
    const routed = async (severity: string) =>
      (await run(amtool, ['config', 'routes', 'test', `--config.file=${file}`, `severity=${severity}`])).text.split(
        '\n',
      )[0];
    expect([await routed('critical'), await routed('warning'), await routed('info')]).toEqual([
      'on-call',
      'team',
      'nobody',
    ]);
  });
});

/** The rule alone, with what is recorded for it, and the cases that should notice. */
async function putMutant({ kind, alert }: Mutant, index: number, plan: Plan): Promise<string[]> {
  const { recording } = ruleSetsOf(plan).find(({ alerts }) => alerts.some(({ name }) => name === alert.name))!;
  const used = recording.filter(({ record }) => alert.expr.includes(`${record} `) || record.startsWith('lane:'));
  const rules = ruleFile({ name: 'mutant_alerts', recording: used, alerts: [alert] }, 'runbook.md');
  await put(`mutants/${index}.yml`, stringify(rules));
  const wanted = kind === 'harder' ? ['fires'] : ['silent', 'pending'];
  const cases = alert.cases.filter(({ verdict }) => wanted.includes(verdict));
  const order = rules.groups.map(({ name }) => name);
  const ground = { ruleFiles: [`${index}.yml`], order, runbook: 'runbook.md', scrapeS: 15 };
  return Promise.all(
    [...testsByStep([{ ...alert, cases }], ground)].map(([stepS, tests]) =>
      put(`mutants/${index}_${stepS}.test.yml`, stringify(tests)),
    ),
  );
}

it('cases notice when a rule is made harder or easier', { timeout: 900_000 }, async () => {
  const plan = planOf(STACK);
  const alerts = ruleSetsOf(plan).flatMap((rules) => rules.alerts);
  const mutants = alerts.flatMap(mutantsOf);
  const files = await Promise.all(mutants.map((mutant, index) => putMutant(mutant, index, plan)));
  const { failed } = await failing(files.flat());
  const unnoticed = mutants.filter((_, index) => !files[index]!.some((file) => failed.has(file)));
  const weak = (kind: Mutant['kind']) =>
    new Set(unnoticed.filter((mutant) => mutant.kind === kind).map(({ alert }) => alert.name));
  const harder = alerts.length - weak('harder').size;
  const easier = alerts.length - weak('easier').size;
  process.stdout.write(
    `${mutants.length} changed rules of ${alerts.length} alerts: every harder one is noticed for ${harder} alerts, every easier one for ${easier}\n`,
  );
  const named = unnoticed.map(({ kind, what, alert }) => `${alert.name}, ${kind}: ${what}`);
  expect(Math.min(harder, easier) / alerts.length, named.join('\n')).toBeGreaterThanOrEqual(0.95);
});
