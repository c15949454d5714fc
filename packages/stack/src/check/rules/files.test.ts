import { expect, it } from 'vitest';
import { showFinding } from '../../finding.js';
import { YamlSource } from '../../source/yaml-source.js';
import { NO_ARTIFACTS } from '../artifacts.js';
import { filesChecks } from './files.js';

const found = (prometheus: string, ...rules: string[]): string[] =>
  filesChecks.flatMap(({ id, run }) =>
    run({
      ...NO_ARTIFACTS,
      prometheus: [new YamlSource('p/prometheus.yml', prometheus)],
      rules: rules.map((path) => new YamlSource(path, 'groups: []\n')),
    }).map((finding) => showFinding({ check: id, ...finding })),
  );

it('says nothing of files that are all loaded, by name or by pattern', () => {
  expect(found('rule_files: [a.yml, "rules/*.yml"]\n', 'p/a.yml', 'p/rules/b.yml', 'p/rules/c.yml')).toEqual([]);
});

it('says nothing where the paths of the two are of different machines', () => {
  expect(found('rule_files: [/etc/prometheus/rules/*.yml]\n', 'p/rules/a.yml')).toEqual([]);
});

it('tells of a file that no entry loads, and of an entry without a file', () => {
  expect(found('rule_files:\n  - a.yml\n  - rules/b.yml\n', 'p/a.yml', 'p/rules/bb.yml')).toEqual([
    'p/prometheus.yml:1: error: no entry loads p/rules/bb.yml: none of its alerts can fire; add rules/bb.yml [rule-files]',
    'p/prometheus.yml:3: error: p/rules/b.yml is no file: Prometheus starts without it, and says nothing; did you mean p/rules/bb.yml? [rule-files]',
  ]);
});
