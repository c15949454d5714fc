import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ownFiles, ROOT } from '../scripts/workspace.js';

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const documents = ownFiles().filter((file) => file.endsWith('.md') && !file.endsWith('.api.md'));
const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;

/** What a heading is linked by, as GitHub makes it. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

const anchorsOf = (file: string) => [...read(file).matchAll(/^#+ (.*)$/gm)].map((match) => anchor(match[1]!));

/** Why a link leads nowhere. */
function broken(document: string, link: string): string | undefined {
  const [path, fragment] = link.split('#') as [string, string?];
  const target = path === '' ? document : join(document, '..', path);
  if (!existsSync(join(ROOT, target))) return `${link}: there is no ${target}`;
  if (fragment === undefined || !target.endsWith('.md') || anchorsOf(target).includes(fragment)) return undefined;
  return `${link}: ${target} has no such heading`;
}

describe.each(documents)('%s', (document) => {
  const text = read(document);

  it('links to files and headings that exist', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
    const local = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(local.flatMap((link) => broken(document, link) ?? [])).toEqual([]);
  });

  it('names npm commands that exist', () => {
    const commands = [...text.matchAll(/npm run (?:--silent )?([\w:]+)/g)].map((match) => match[1]!);
    expect(commands.filter((command) => scripts[command] === undefined)).toEqual([]);
  });
});
