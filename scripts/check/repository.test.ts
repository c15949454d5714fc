import { describe, expect, it } from 'vitest';
import { readRepository } from './repository.js';

describe('readRepository', () => {
  const repository = readRepository();

  it('finds the workspaces and their sources', () => {
    expect(repository.workspaces.map(({ folder }) => folder)).toEqual(
      expect.arrayContaining(['packages/resilience', 'examples/telemetry-collector', 'testbed', 'bench']),
    );
    const source = repository.sources.find(({ file }) => file === 'packages/resilience/src/core/call.ts');
    expect(source?.imports).toContainEqual(expect.objectContaining({ specifier: './types.js' }));
  });

  it('leaves out what is installed, built or written by runs', () => {
    const others = [...repository.files].filter((file) =>
      /(^|\/)(node_modules|dist)\/|^(reports|coverage|data)\//.test(file),
    );
    expect(others).toEqual([]);
  });
});
