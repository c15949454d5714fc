import { isRecord, listOf, textOf } from '../../source/shapes.js';
import type { Path, YamlDocument } from '../../source/yaml-source.js';

export interface Matcher {
  /** As it is written: `severity="critical"`. */
  readonly text: string;
  readonly label: string;
  readonly matches: (value: string) => boolean;
}

export interface Route {
  readonly document: YamlDocument;
  readonly path: Path;
  readonly receiver: string | undefined;
  readonly matchers: readonly Matcher[];
  readonly goesOn: boolean;
  readonly routes: readonly Route[];
}

/** `severity="critical"`, `severity=~"warning|info"`; undefined for what is no matcher. */
function readMatcher(text: string): Matcher | undefined {
  const [, label, operator, quoted, bare] = /^\s*([\w:]+)\s*(=~|!~|!=|=)\s*(?:"(.*)"|(.*?))\s*$/.exec(text) ?? [];
  if (label === undefined) return undefined;
  const value = quoted ?? bare ?? '';
  const negated = operator!.startsWith('!');
  if (!operator!.endsWith('~')) return { text, label, matches: (given) => (given === value) !== negated };
  return { text, label, matches: (given) => fullyMatches(value, given) !== negated };
}

/** An expression that JavaScript does not know, of Go's kind, is taken to match: nothing is found that may be right. */
function fullyMatches(pattern: string, value: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(value);
  } catch {
    return true;
  }
}

export function matchersIn(value: unknown, list: string, equals: string, patterns: string): Matcher[] {
  if (!isRecord(value)) return [];
  const old = (key: string, operator: string) =>
    isRecord(value[key])
      ? Object.entries(value[key]).map(([label, text]) => `${label}${operator}"${String(text)}"`)
      : [];
  const texts = [...listOf(value[list]).map((text) => textOf(text) ?? ''), ...old(equals, '='), ...old(patterns, '=~')];
  return texts.flatMap((text) => readMatcher(text) ?? []);
}

export function readRoute(document: YamlDocument, path: Path, inherited?: string): Route {
  const value = document.at(path);
  const record = isRecord(value) ? value : {};
  const receiver = textOf(record['receiver']) ?? inherited;
  return {
    document,
    path,
    receiver,
    matchers: matchersIn(value, 'matchers', 'match', 'match_re'),
    goesOn: record['continue'] === true,
    routes: listOf(record['routes']).map((_, index) => readRoute(document, [...path, 'routes', index], receiver)),
  };
}

/** Whether an alert that has these labels, and any others, may be caught by a route below the root. */
export const caughtBelow = (route: Route, labels: Readonly<Record<string, string>>): boolean =>
  route.routes.some(({ matchers }) =>
    matchers.every(({ label, matches }) => labels[label] === undefined || matches(labels[label])),
  );
