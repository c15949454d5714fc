import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { editorSchema } from './json-schema.js';

interface Node {
  readonly type?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: unknown;
}

function nodesOf(value: unknown): Node[] {
  if (Array.isArray(value)) return value.flatMap(nodesOf);
  if (typeof value !== 'object' || value === null) return [];
  return [value as Node, ...Object.values(value).flatMap(nodesOf)];
}

describe('the editor schema', () => {
  it('is the one in the repository: npm run schema -w @breakwater/telemetry-collector writes it', () => {
    const stored = readFileSync(new URL('../../targets.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(stored)).toEqual(editorSchema());
  });

  it('refuses unknown keys wherever keys are listed', () => {
    const listing = nodesOf(editorSchema()).filter(({ properties }) => properties !== undefined);
    expect(listing.length).toBeGreaterThan(10);
    expect(listing.filter(({ additionalProperties }) => additionalProperties !== false)).toEqual([]);
  });

  it('describes what may be written: durations are text, and every default is one that can be written', () => {
    const text = JSON.stringify(editorSchema());
    expect(text).toContain('"default":"2xx"');
    expect(text).toContain('"default":"16MiB"');
    const durations = nodesOf(editorSchema()).flatMap(({ properties }) => properties?.['interval'] ?? []);
    expect(new Set(durations.map(({ type }) => type))).toEqual(new Set(['string']));
  });

  it('says of every probe what it does', () => {
    const probes = nodesOf(editorSchema()).filter(({ properties }) => properties?.['probe'] !== undefined);
    expect(probes.map(({ description }) => description ?? 'nothing')).not.toContain('nothing');
    expect(probes).toHaveLength(7);
  });
});
