import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readFieldTable } from './field-types.js';

const table = readFieldTable();

it('is what the stack package has: npm run kubernetes-fields writes it anew', () => {
  const file = new URL('../../data/kubernetes-fields.json', import.meta.url);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(table);
});

it('reads fields, what is required, lists, maps and types of other modules', () => {
  expect(table.types['core/v1.ContainerPort']).toEqual({
    fields: { containerPort: 'integer', hostIP: 'string', hostPort: 'integer', name: 'string', protocol: 'string' },
    required: ['containerPort'],
  });
  const requirements = table.types['core/v1.ResourceRequirements']!.fields;
  expect(requirements['limits']).toEqual({ map: 'quantity' });
  expect(requirements['claims']).toEqual({ list: { type: 'core/v1.ResourceClaim' } });
  expect(table.types['apps/v1.DeploymentSpec']!.fields['selector']).toEqual({ type: 'meta/v1.LabelSelector' });
  expect(table.types['policy/v1.PodDisruptionBudgetSpec']!.fields['minAvailable']).toBe('int-or-string');
});

it('reads the CRD of the VPA, whose types stand inside each other', () => {
  const type = table.kinds['autoscaling.k8s.io/v1/VerticalPodAutoscaler']!;
  const spec = JSON.stringify(table.types[type]!.fields['spec']);
  expect(spec).toContain('"updateMode":{"enum":["Off","Initial","Recreate","Auto"]}');
  expect(spec).toContain('"maxAllowed":{"map":"quantity"}');
});

it('names no type that it does not have', () => {
  const named = [...JSON.stringify(table.types).matchAll(/"type":"([^"]+\.[A-Z]\w*)"/g)].map(([, name]) => name!);
  expect(named.length).toBeGreaterThan(100);
  expect(named.filter((name) => table.types[name] === undefined)).toEqual([]);
});
