import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A Lua script that runs in Redis as one step: nothing else happens meanwhile. */
export interface Script {
  readonly name: string;
  readonly text: string;
  readonly sha1: string;
}

/** Reads `lua/<name>.lua` of this package. */
export function script(name: string): Script {
  const text = readFileSync(new URL(`../../lua/${name}.lua`, import.meta.url), 'utf8');
  return { name, text, sha1: createHash('sha1').update(text).digest('hex') };
}
