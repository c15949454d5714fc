import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKS, YamlSource } from '@breakwater/stack';
import { expect, it } from 'vitest';
import { ROOT } from '../scripts/workspace.js';
import { tableRows } from './table.suite.js';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const objects = (file: string) => new YamlSource(file, read(file)).documents;
const lines = read('docs/from-the-briefs.md').split('\n');
const commands = tableRows(lines, 'command').map(([command = '', here = '']) => `${command} ${here}`);
const points = tableRows(lines, 'the brief says');

it('says of every point what is done, and why where it is another', () => {
  expect(points.length).toBeGreaterThan(40);
  expect(points.filter(([, done = '', why = '']) => why === '' && !/later|through|fleet\.md/.test(done))).toEqual([]);
});

it('names checks and alerts that there are', () => {
  const text = points.flat().join(' ');
  const checks = [...text.matchAll(/(?:check |\(|, )`([a-z]+(?:-[a-z]+)+)`/g)].map((match) => match[1]!);
  expect(checks.length).toBeGreaterThan(8);
  expect(checks.filter((id) => !CHECKS.some((check) => check.id === id))).toEqual([]);
  const rules = read('prometheus/rules/scaling_alerts.yml');
  const alerts = [...text.matchAll(/`((?:[A-Z][a-z]+){3,})`/g)].map((match) => match[1]!);
  expect(alerts).toContain('CollectorsAtMinimumUnderLoad');
  expect(alerts.filter((name) => !rules.includes(`alert: ${name}\n`))).toEqual([]);
});

it('names services of the Compose file, and its container', () => {
  const [compose] = objects('docker-compose.ha.yml');
  const services = Object.keys(compose!.at(['services']) as object);
  const named = commands.flatMap((command) =>
    command.includes('kubectl') ? [] : (command.match(/\b(?:network-telemetry-\d|influxdb-\d|load-balancer)\b/g) ?? []),
  );
  expect(named.length).toBeGreaterThan(4);
  expect(named.filter((name) => !services.includes(name))).toEqual([]);
  expect(compose!.at(['services', 'load-balancer', 'container_name'])).toBe('telemetry-lb');
});

it('names objects of the manifests', () => {
  const names = [...objects('k8s/telemetry-deployment.yaml'), ...objects('k8s/influxdb-vpa.yaml')].map(
    (object) => `${String(object.at(['kind']))} ${String(object.at(['metadata', 'name']))}`,
  );
  expect(names).toEqual(
    expect.arrayContaining([
      'Namespace telemetry-system',
      'Deployment network-telemetry',
      'HorizontalPodAutoscaler network-telemetry-hpa',
      'VerticalPodAutoscaler influxdb-vpa',
    ]),
  );
  const deployment = objects('k8s/telemetry-deployment.yaml').find(
    (object) => object.at(['kind']) === 'Deployment' && object.at(['metadata', 'name']) === 'network-telemetry',
  );
  expect(deployment!.at(['spec', 'template', 'spec', 'containers', 0, 'name'])).toBe('telemetry');
});
