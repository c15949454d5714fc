import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { parseStack } from '../file/parse.js';
import { planStack } from '../plan/plan.js';
import { renderPatched } from './patch.js';

function rendered(patches: string): ReadonlyMap<string, string> {
  const head = 'apiVersion: breakwater/v1\nkind: Stack\ncollectors: { targetCidrs: [10.0.0.0/8] }\n';
  const { stack, document } = parseStack(`${head}patches:\n${patches}`, 'stack.yaml');
  return new Map(renderPatched(planStack(stack), document).map(({ path, text }) => [path, text]));
}

describe('patches', () => {
  it('merge into a file with one document, and null takes away', () => {
    const text = rendered('  docker-compose.ha.yml: { services: { redis: { hostname: cache, restart: null } } }\n').get(
      'docker-compose.ha.yml',
    )!;
    const { redis } = (parse(text) as { services: { redis: Record<string, unknown> } }).services;
    expect(redis).toMatchObject({ hostname: 'cache', image: expect.any(String) });
    expect(redis).not.toHaveProperty('restart');
  });

  it('merge into one object of many', () => {
    const patch =
      '{ target: { kind: PodDisruptionBudget, name: network-telemetry }, merge: { metadata: { labels: { a: b } } } }';
    const objects = parseAllDocuments(
      rendered(`  k8s/telemetry-deployment.yaml: [${patch}]\n`).get('k8s/telemetry-deployment.yaml')!,
    ).map((document) => document.toJS() as { kind: string; metadata: { name: string; labels?: object } });
    const labelled = objects.filter(({ metadata }) => 'a' in (metadata.labels ?? {}));
    expect(labelled.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
      'PodDisruptionBudget/network-telemetry',
    ]);
  });

  it('add lines at the end of a section of the proxy', () => {
    const text = rendered('  haproxy/haproxy.cfg: [{ section: defaults, add: ["timeout tunnel 2h"] }]\n').get(
      'haproxy/haproxy.cfg',
    )!;
    expect(text).toMatch(/^defaults\n(?: .*\n|\n)*? {4}timeout tunnel 2h\n/m);
  });

  it.each([
    [
      'an output that is none',
      '  haproxy/haproxy.conf: {}\n',
      /:5: error: .*haproxy.conf is not an output; did you mean haproxy\/haproxy.cfg\?/,
    ],
    [
      'an object that is not there',
      '  k8s/telemetry-deployment.yaml: [{ target: { kind: Deployment, name: x }, merge: {} }]\n',
      /has no Deployment\/x; it has .*Deployment\/redis/,
    ],
    [
      'a merge into many objects at once',
      '  k8s/telemetry-deployment.yaml: { spec: {} }\n',
      /has \d+ objects; write a list/,
    ],
    [
      'an entry without merge',
      '  k8s/telemetry-deployment.yaml: [{ target: { kind: Deployment, name: redis } }]\n',
      /an entry cannot be read; write \{ target/,
    ],
    [
      'a section that is not there',
      '  haproxy/haproxy.cfg: [{ section: backend nowhere, add: [mode http] }]\n',
      /has no section "backend nowhere"; it has .*defaults/,
    ],
    ['two lines in one', '  haproxy/haproxy.cfg: [{ section: defaults, add: ["a\\nb"] }]\n', /an entry cannot be read/],
    ['what cannot be patched', '  .env.example: {}\n', /neither YAML, JSON nor a proxy configuration/],
  ])('refuse %s', (_, patches, message) => {
    expect(() => rendered(patches)).toThrow(message);
  });
});
