import { expect, it } from 'vitest';
import { HaproxyConfig } from '../haproxy/haproxy-config.js';
import { YamlSource } from '../source/yaml-source.js';
import { NO_ARTIFACTS } from './artifacts.js';
import { otherKinds } from './kind.js';

const KINDS = ['compose', 'manifests', 'prometheus', 'rules', 'alertmanager', 'dashboards'] as const;

it.each(KINDS)('does not let an empty file pass for %s', (kind) => {
  const found = otherKinds({ ...NO_ARTIFACTS, [kind]: [new YamlSource('a.yml', '# nothing\n')] });
  expect(found).toEqual([expect.objectContaining({ file: 'a.yml', message: expect.stringContaining('is empty') })]);
});

it.each([
  ['rules', 'services: {}\n', 'is not a file of rules: at its top is no "groups"'],
  ['compose', '- a\n', 'is not a Compose file: at its top is no "services"'],
  ['prometheus', 'hello\n', 'is not a prometheus.yml: at its top is no "scrape_configs"'],
  ['alertmanager', 'groups: []\n', 'is not an Alertmanager configuration: at its top is no "route"'],
  ['dashboards', '{ "kind": "x" }\n', 'is not a dashboard: at its top is no "panels"'],
])('says that what was given for %s is something else', (kind, text, message) => {
  const found = otherKinds({ ...NO_ARTIFACTS, [kind]: [new YamlSource('a.yml', text)] });
  expect(found).toEqual([expect.objectContaining({ message })]);
});

it('says that a proxy has no section', () => {
  const files = ['', 'hello\n', 'defaults\n    mode http\n'].map((text) => new HaproxyConfig('a.cfg', text));
  expect(otherKinds({ ...NO_ARTIFACTS, haproxy: files })).toHaveLength(2);
});

it('leaves alone what cannot be read, which is told of already', () => {
  expect(otherKinds({ ...NO_ARTIFACTS, rules: [new YamlSource('a.yml', 'a: *b\n')] })).toEqual([]);
});
