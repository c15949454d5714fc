import { posix } from 'node:path';
import { closest } from '../../source/closest.js';
import { listOf, textOf } from '../../source/shapes.js';
import type { YamlDocument } from '../../source/yaml-source.js';
import type { Artifacts } from '../artifacts.js';
import type { Check } from '../check.js';

type Found = ReturnType<Check['run']>[number];

const KEY = 'rule_files';

/** `rules/*.yml` as Prometheus reads it, from the folder of its own file; an absolute path is of another machine. */
function patternsIn(document: YamlDocument): Array<{ readonly path: string; readonly index: number }> {
  const folder = posix.dirname(document.file);
  return listOf(document.at([KEY])).flatMap((entry, index) => {
    const text = textOf(entry);
    return text === undefined ? [] : [{ path: posix.isAbsolute(text) ? text : posix.join(folder, text), index }];
  });
}

const toPattern = (path: string): RegExp =>
  new RegExp(
    `^${path
      .replace(/[.+^${}()|\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]')}$`,
  );

/** Only where some pattern finds some file do the paths of both speak of one machine. */
function filesOfRules({ prometheus, rules }: Artifacts): Found[] {
  const files = rules.map(({ file }) => file);
  return prometheus
    .flatMap(({ documents }) => documents)
    .flatMap((document): Found[] => {
      const patterns = patternsIn(document).map(({ path, index }) => ({ path, index, matches: toPattern(path) }));
      const isFound = (file: string) => patterns.some(({ matches }) => matches.test(file));
      if (!files.some(isFound)) return [];
      const found = (path: Array<string | number>, message: string, fix: string): Found => ({
        severity: 'error',
        file: document.file,
        line: document.lineOf(path),
        message,
        fix,
      });
      const unread = files.filter((file) => !isFound(file));
      const forgotten = unread.map((file) => {
        const entry = posix.relative(posix.dirname(document.file), file);
        return found([KEY], `no entry loads ${file}: none of its alerts can fire`, `add ${entry}`);
      });
      const missing = patterns
        .filter(({ matches }) => !files.some((file) => matches.test(file)))
        .map(({ path, index }) => {
          const near = closest(path, unread);
          const fix = near === undefined ? 'leave it out' : `did you mean ${near}?`;
          return found([KEY, index], `${path} is no file: Prometheus starts without it, and says nothing`, fix);
        });
      return [...forgotten, ...missing];
    });
}

export const filesChecks: readonly Check[] = [
  {
    id: 'rule-files',
    holds: 'Prometheus loads every file of rules, and each that it names is there.',
    run: filesOfRules,
  },
];
