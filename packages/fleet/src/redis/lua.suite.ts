import { createHash } from 'node:crypto';
import type { Script } from './script.js';

/** A script of a test's own. */
export const lua = (text: string): Script => ({
  name: 'test',
  text,
  sha1: createHash('sha1').update(text).digest('hex'),
});
