import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { editorSchema } from './json-schema.js';

it('is the one in the package: npm run schema -w @breakwater/stack writes it', () => {
  const stored = readFileSync(new URL('../../stack.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(stored)).toEqual(editorSchema());
});

it('refuses unknown keys wherever keys are listed', () => {
  const listing = nodesOf(editorSchema()).filter(({ properties }) => properties !== undefined);
  expect(listing.length).toBeGreaterThan(20);
  expect(listing.filter(({ additionalProperties }) => additionalProperties !== false)).toEqual([]);
});

interface Node {
  readonly properties?: unknown;
  readonly additionalProperties?: unknown;
}

function nodesOf(value: unknown): Node[] {
  if (Array.isArray(value)) return value.flatMap(nodesOf);
  if (typeof value !== 'object' || value === null) return [];
  return [value as Node, ...Object.values(value).flatMap(nodesOf)];
}
