import { isRecord, listOf, textOf } from '../../source/shapes.js';
import { type Path, type YamlDocument, YamlSource } from '../../source/yaml-source.js';
import type { Artifacts } from '../artifacts.js';

/** A discovery rule of prometheus-adapter. */
export interface AdapterRule {
  readonly file: string;
  /** Metrics about something outside of the cluster: they need no pod. */
  readonly external: boolean;
  readonly seriesQuery: string;
  readonly filters: ReadonlyArray<{ readonly pattern: string; readonly negative: boolean }>;
  /** By resource, such as `pod`: the label that names it. */
  readonly resources: (resource: string) => string | undefined;
  readonly matches: string;
  readonly as: string;
  readonly metricsQuery: string | undefined;
  /** The line of one of its keys, or of a line of that key's text. */
  readonly lineOf: (key?: string, line?: number) => number;
}

/** Every rule: in a ConfigMap, a configuration file, or the values of the Helm chart. */
export function readAdapterRules({ manifests }: Pick<Artifacts, 'manifests'>): AdapterRule[] {
  return manifests
    .flatMap(({ documents }) => documents)
    .flatMap((document) => {
      if (document.at(['kind']) === 'ConfigMap') return rulesInConfigMap(document);
      return document.at(['kind']) === undefined
        ? rulesIn(document, (path, line) => document.lineInText(path, line))
        : [];
    });
}

function rulesInConfigMap(document: YamlDocument): AdapterRule[] {
  const data = document.at(['data']);
  return Object.entries(isRecord(data) ? data : {}).flatMap(([key, text]) => {
    if (typeof text !== 'string' || !text.includes('seriesQuery')) return [];
    const [inner] = new YamlSource(document.file, text).documents;
    if (inner === undefined) return [];
    return rulesIn(inner, (path, line) => document.lineInText(['data', key], inner.lineInText(path, line) - 1));
  });
}

type LineOf = (path: Path, line: number) => number;

function rulesIn(document: YamlDocument, lineOf: LineOf): AdapterRule[] {
  const places: ReadonlyArray<readonly [Path, boolean]> = [
    [['rules'], false],
    [['rules', 'custom'], false],
    [['externalRules'], true],
    [['rules', 'external'], true],
  ];
  return places.flatMap(([path, external]) =>
    listOf(document.at(path)).flatMap((rule, index) => {
      const seriesQuery = isRecord(rule) ? textOf(rule['seriesQuery']) : undefined;
      if (!isRecord(rule) || seriesQuery === undefined) return [];
      const here = [...path, index];
      const lineOfKey = (key?: string, line = 0) => lineOf(key === undefined ? here : [...here, key], line);
      return [{ file: document.file, external, lineOf: lineOfKey, seriesQuery, ...detailsOf(rule) }];
    }),
  );
}

function detailsOf(rule: Readonly<Record<string, unknown>>) {
  const name = isRecord(rule['name']) ? rule['name'] : {};
  const matches = textOf(name['matches']) ?? '';
  const groups = (matches.match(/\((?!\?)/g) ?? []).length;
  return {
    filters: listOf(rule['seriesFilters']).filter(isRecord).flatMap(filterOf),
    resources: resourceLabels(isRecord(rule['resources']) ? rule['resources'] : {}),
    matches: matches || '.*',
    as: textOf(name['as']) || (groups === 1 ? '$1' : '$0'),
    metricsQuery: textOf(rule['metricsQuery']),
  };
}

function filterOf(filter: Readonly<Record<string, unknown>>): AdapterRule['filters'] {
  const [is, isNot] = [textOf(filter['is']), textOf(filter['isNot'])];
  return [
    ...(is === undefined ? [] : [{ pattern: is, negative: false }]),
    ...(isNot === undefined ? [] : [{ pattern: isNot, negative: true }]),
  ];
}

function resourceLabels(resources: Readonly<Record<string, unknown>>): (resource: string) => string | undefined {
  const overrides = Object.entries(isRecord(resources['overrides']) ? resources['overrides'] : {});
  const template = textOf(resources['template']);
  return (resource) => {
    const named = overrides.find(
      ([, to]) => isRecord(to) && (to['resource'] === resource || to['resource'] === `${resource}s`),
    );
    return named?.[0] ?? template?.replace(/<<\s*\.Resource\s*>>/g, resource);
  };
}

const testUnanchored = (pattern: string, name: string): boolean => {
  try {
    return new RegExp(pattern).test(name);
  } catch {
    return true;
  }
};

/** The series that a rule takes of those that its query finds. */
export const passesFilters = ({ filters }: AdapterRule, series: string): boolean =>
  filters.every(({ pattern, negative }) => testUnanchored(pattern, series) !== negative);

/** What a series is called in the API; undefined where the rule's name does not match it. */
export function servedName({ matches, as }: AdapterRule, series: string): string | undefined {
  if (!testUnanchored(matches, series)) return undefined;
  try {
    // In Go `$0` is the whole match and `${1}` a group.
    return series.replace(new RegExp(matches), as.replace(/\$\{(\d+)\}/g, '$$$1').replaceAll('$0', '$$&'));
  } catch {
    return undefined;
  }
}
