import { labelsShown, queriesOf } from './annotations.js';
import type { Alert, Recording } from './rule-files.js';
import type { Usage } from './usage.js';

/** An alert's expression, and what its annotations ask for beside. */
export function alertUsages({ document, path, text, name, annotations, labels }: Alert): Usage[] {
  const texts = [
    ...Object.entries(annotations).map(([key, value]) => ({
      at: ['annotations', key],
      name: `annotation "${key}"`,
      value,
    })),
    ...Object.entries(labels).map(([key, value]) => ({ at: ['labels', key], name: `label "${key}"`, value })),
  ];
  const templates = texts
    .map(({ at, name: called, value }) => ({ path: [...path, ...at], name: called, labels: labelsShown(value) }))
    .filter((template) => template.labels.length > 0);
  const asked = texts.flatMap(({ at, name: called, value }) =>
    queriesOf(value).map((query) => ({
      document,
      path: [...path, ...at],
      subject: `alert ${name}, ${called},`,
      text: query,
      templates: [],
    })),
  );
  return [{ document, path: [...path, 'expr'], subject: `alert ${name}`, text, templates }, ...asked];
}

export function recordingUsage({ document, path, text, name }: Recording): Usage {
  return { document, path: [...path, 'expr'], subject: `recording rule ${name}`, text, templates: [] };
}
