import { readFileSync } from 'node:fs';
import Opossum from 'opossum';
import { describe, expect, it } from 'vitest';
import { DIFFERENCES } from './differences.suite.js';

const page = readFileSync(new URL('../../../../docs/coming-from-opossum.md', import.meta.url), 'utf8');

/** What the rows of a section's tables begin with. */
function rowsOf(heading: string): string[] {
  const lines = page.split('\n');
  const from = lines.indexOf(heading);
  const length = lines.slice(from + 1).findIndex((line) => /^##+ /.test(line));
  const section = lines.slice(from + 1, length === -1 ? undefined : from + 1 + length);
  return section.flatMap((line) => /^\| `([\w-]+)` \|(?: [^|]*\S \|){1,2}$/.exec(line)?.[1] ?? []);
}

describe('docs/coming-from-opossum.md', () => {
  // Its types do not know coalesce.
  const options = { cache: true, coalesce: true };
  const breaker = new Opossum(async () => 1, options);
  const made = (name: string) => name === 'coalesceCache';
  breaker.shutdown();

  it('explains each difference, and no other', () => {
    expect(rowsOf('## What differs')).toEqual([...DIFFERENCES]);
  });

  it('maps every option that a breaker gives a default', () => {
    const known = Object.keys((breaker as unknown as { options: object }).options).filter((name) => !made(name));
    expect(known.length).toBeGreaterThan(10);
    expect(rowsOf('### Options')).toEqual(expect.arrayContaining(known));
  });

  it('maps every event that a breaker counts', () => {
    const events = new Opossum(async () => 1).eventNames().map(String);
    expect(events.length).toBeGreaterThan(10);
    expect(rowsOf('### Events')).toEqual(expect.arrayContaining(events));
  });

  it('maps every method and property of a breaker', () => {
    const own = Object.getOwnPropertyNames(Opossum.prototype).filter((name) => !/^(_|constructor$)/.test(name));
    expect(own.length).toBeGreaterThan(20);
    expect(rowsOf('### Methods and properties')).toEqual(expect.arrayContaining([...own, 'isOurError', 'newStatus']));
  });
});
