import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Artifacts,
  artifactsOf,
  checkArtifacts,
  emittedBy,
  type Finding,
  HaproxyConfig,
  NO_ARTIFACTS,
  ownMetrics,
  readMetricsPage,
  showFinding,
  YamlSource,
} from '@breakwater/stack';
import { command, FINE, FOUND, UsageError } from '../command.js';
import type { Io } from '../io.js';
import { json } from '../print/table.js';
import { readStack, textOf } from '../project/project.js';
import { DEFAULT_STACK_FILE, STACK_FILE } from './stack-options.js';

const given = (help: string) => ({ value: 'FILE', help, multiple: true }) as const;

const FILES = {
  haproxy: given('a proxy configuration of yours'),
  compose: given('a Compose file of yours'),
  manifests: given('Kubernetes objects of yours'),
  prometheus: given('a prometheus.yml of yours'),
  rules: given('Prometheus rules of yours'),
  alertmanager: given('an Alertmanager configuration of yours'),
  dashboards: given('a Grafana dashboard of yours (JSON)'),
  runbook: given('a Markdown file that alerts link to'),
} as const;

type Given = { readonly [Kind in keyof typeof FILES]: readonly string[] };

export const check = command({
  options: {
    file: STACK_FILE,
    ...FILES,
    'metrics-page': given('a saved /metrics page: what it shows is emitted'),
    json: { help: 'print the findings as JSON' },
  },
  notes: [
    'Without files of yours it reads what the stack file renders, as it lies on disk. With them it reads those instead, and',
    'no stack file unless --file names one; names of metrics are checked where a --metrics-page or a stack file tells',
    'which are emitted. Exit code 1 for an error; a warning may be meant.',
  ].join('\n'),
  async run({ file, json: asJson, 'metrics-page': pages, ...files }, io) {
    const isOwn = Object.values(files).every((paths) => paths.length === 0);
    if (isOwn && pages.length > 0) throw new UsageError('--metrics-page needs a file to check, such as --rules FILE');
    const findings = isOwn ? await checkStack(file ?? DEFAULT_STACK_FILE) : await checkFiles(file, files, pages);
    const errors = findings.filter(({ severity }) => severity === 'error').length;
    if (asJson) await io.print(json({ findings }));
    else await show(findings, errors, io);
    return errors > 0 ? FOUND : FINE;
  },
});

async function show(findings: readonly Finding[], errors: number, io: Io): Promise<void> {
  for (const finding of findings) await io.print(`${showFinding(finding)}\n`);
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
  io.say(
    findings.length === 0
      ? 'everything fits\n'
      : `${count(errors, 'error')}, ${count(findings.length - errors, 'warning')}\n`,
  );
}

/** What a stack file renders, as it is on disk. */
async function checkStack(file: string): Promise<Finding[]> {
  const { folder, plan, render } = await readStack(file);
  const missing: Finding[] = [];
  const found = [];
  for (const { path } of render()) {
    const text = await textOf(join(folder, path));
    if (text !== undefined) found.push({ path, text });
    else {
      const fix = 'breakwater generate writes it';
      missing.push({ check: 'rendered', severity: 'error', file: path, message: 'is missing', fix });
    }
  }
  const emitted = emittedBy({ plan, catalog: ownMetrics() });
  return [...missing, ...checkArtifacts(artifactsOf(found, emitted, plan))];
}

async function checkFiles(file: string | undefined, files: Given, pages: readonly string[]): Promise<Finding[]> {
  const plan = file === undefined ? undefined : (await readStack(file)).plan;
  const shown = await Promise.all(pages.map(async (page) => readMetricsPage(await readFile(page, 'utf8'), page)));
  const isKnown = plan !== undefined || pages.length > 0;
  const emitted = isKnown ? emittedBy({ plan, catalog: ownMetrics(), pages: shown.flat() }) : undefined;
  return checkArtifacts({ ...(await read(files)), emitted, plan });
}

async function read(files: Given): Promise<Artifacts> {
  const yaml = (paths: readonly string[]) =>
    Promise.all(paths.map(async (path) => new YamlSource(path, await readFile(path, 'utf8'))));
  return {
    ...NO_ARTIFACTS,
    haproxy: await Promise.all(
      files.haproxy.map(async (path) => new HaproxyConfig(path, await readFile(path, 'utf8'))),
    ),
    compose: await yaml(files.compose),
    manifests: await yaml(files.manifests),
    prometheus: await yaml(files.prometheus),
    rules: await yaml(files.rules),
    alertmanager: await yaml(files.alertmanager),
    dashboards: await yaml(files.dashboards),
    runbooks: new Map(
      await Promise.all(files.runbook.map(async (path) => [path, await readFile(path, 'utf8')] as const)),
    ),
  };
}
