import { expect, it } from 'vitest';
import { parseStack } from '../file/parse.js';
import { planStack } from '../plan/plan.js';
import { renderStack } from './render.js';

const stackFile = (max: number) =>
  `apiVersion: breakwater/v1\nkind: Stack\ncollectors:\n  max: ${max}\n  targetCidrs: [10.0.0.0/8]\n`;

const rendered = (max: number) =>
  new Map(
    renderStack(planStack(parseStack(stackFile(max), 'stack.yaml').stack)).map(
      ({ path, text }) => [path, text] as const,
    ),
  );

/** `first word: old → new` for each word that changed, line by line; a checksum is anything. */
function changesOf(before: string, after: string): string[] {
  const others = after.split('\n').map((line) => line.trim().split(' '));
  const lines = before.split('\n').map((line) => line.trim().split(' '));
  expect(others.map(({ length }) => length)).toEqual(lines.map(({ length }) => length));
  return lines.flatMap((words, line) =>
    words.flatMap((word, at) => {
      const other = others[line]![at]!;
      return word === other ? [] : [`${words[0]} ${word} → ${other}`.replace(/\b[0-9a-f]{16}\b/g, '#')];
    }),
  );
}

const TEMPLATES = Array.from({ length: 3 }, () => 'server-template 1-21 → 1-41');

it('changes slots, HPA, disruption budget and alerts together when collectors.max does, and nothing else', () => {
  const before = rendered(20);
  const after = rendered(40);
  expect([...after.keys()]).toEqual([...before.keys()]);
  const changed = [...before].filter(([path, text]) => after.get(path) !== text);
  // The tests of rules have as many collectors as the alert on the most of them needs.
  expect(changed.map(([path]) => path).filter((path) => path.startsWith('prometheus/tests/'))).toEqual([
    'prometheus/tests/scaling_alerts_1m.yml',
  ]);
  const rest = changed.filter(([path]) => !path.startsWith('prometheus/tests/'));
  expect(Object.fromEntries(rest.map(([path, text]) => [path, changesOf(text, after.get(path)!)]))).toEqual({
    'docs/runbook.md': [
      '**What 20 → 40',
      'Rule, 20` → 40`',
      '**What 21 → 41',
      '**What 21 → 41',
      'Rule, 21 → 41',
      'Rule, 0.9762` → 0.9878`',
    ],
    'grafana/dashboards/collection.json': ['"value": 20, → 40,', '"description": 20 → 40'],
    'grafana/dashboards/fleet.json': ['"value": 20, → 40,', '"description": 20 → 40'],
    'grafana/dashboards/haproxy.json': ['"value": 0.9762, → 0.9878,', '"description": 21 → 41', '"expr": 21", → 41",'],
    'haproxy/haproxy.cfg': TEMPLATES,
    'k8s/telemetry-deployment.yaml': [
      ...TEMPLATES,
      'breakwater/config: # → #',
      'maxReplicas: 20 → 40',
      'maxUnavailable: 10% → 5%',
    ],
    'prometheus/rules/scaling_alerts.yml': [
      'expr: 20 → 40',
      'description: 20: → 40:',
      'expr: 21 → 41',
      'expr: 0.9762 → 0.9878',
      'description: 21 → 41',
    ],
  });
});
