import { describe, expect, it } from 'vitest';
import { checkOptionalPeers } from './optional-peers.js';
import { repositoryOf } from './repository.suite.js';

const check = (files: Record<string, string>) =>
  checkOptionalPeers(
    repositoryOf({
      'packages/a/package.json': {
        name: '@breakwater/a',
        exports: { '.': {}, './guest': {}, './other': {} },
        peerDependenciesMeta: { '@scope/guest': { optional: true } },
      },
      ...files,
    }),
  ).map(({ message }) => message);

describe('checkOptionalPeers', () => {
  it('lets one entry use the peer', () => {
    expect(
      check({
        'packages/a/src/index.ts': "export * from './core.js';",
        'packages/a/src/core.ts': "import 'node:net';",
        'packages/a/src/guest/index.ts': "import '@scope/guest/deep';",
      }),
    ).toEqual([]);
  });

  it('keeps it out of the main entry, types included', () => {
    expect(
      check({
        'packages/a/src/index.ts': "export * from './core.js';",
        'packages/a/src/core.ts': "import type { G } from '@scope/guest';",
      }),
    ).toEqual(['the main entry needs @scope/guest, which is an optional peer']);
  });

  it('keeps it out of a second entry', () => {
    expect(
      check({
        'packages/a/src/guest/index.ts': "import '@scope/guest';",
        'packages/a/src/other/index.ts': "import '../guest/index.js';",
      }),
    ).toEqual([expect.stringContaining('./guest and ./other need it')]);
  });
});
