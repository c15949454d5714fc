import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseStack } from './parse.js';
import { stackSchema } from './schema.js';
import { STARTER } from './starter.js';

const MINIMAL = `
apiVersion: breakwater/v1
kind: Stack
collectors: { targetCidrs: [10.0.0.0/8] }
`;

it('shows the defaults as they are', () => {
  expect(parseStack(STARTER, 'starter').stack).toEqual(parseStack(MINIMAL, 'minimal').stack);
});

it('names every section there is', () => {
  expect(Object.keys(parse(STARTER) as object)).toEqual(Object.keys(stackSchema.shape));
});
