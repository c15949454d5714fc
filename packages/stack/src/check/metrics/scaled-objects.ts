import { isRecord, listOf, textOf } from '../../source/shapes.js';
import type { YamlDocument } from '../../source/yaml-source.js';
import type { Usage } from './usage.js';

/** The queries of KEDA's Prometheus triggers: https://keda.sh/docs/latest/scalers/prometheus/ */
export function scaledObjectUsages(document: YamlDocument): Usage[] {
  if (document.at(['kind']) !== 'ScaledObject') return [];
  const name = String(document.at(['metadata', 'name']));
  return listOf(document.at(['spec', 'triggers'])).flatMap((trigger, index) => {
    if (!isRecord(trigger) || trigger['type'] !== 'prometheus' || !isRecord(trigger['metadata'])) return [];
    const text = textOf(trigger['metadata']['query']);
    const path = ['spec', 'triggers', index, 'metadata', 'query'];
    return text === undefined ? [] : [{ document, path, subject: `ScaledObject ${name}`, text, templates: [] }];
  });
}
