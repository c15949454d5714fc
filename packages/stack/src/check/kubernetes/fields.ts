import { checkFields } from '../../kubernetes/check-fields.js';
import { clusterCheck } from './cluster.js';
import type { Found, Manifest } from './manifest.js';

const fields = clusterCheck('kubernetes-fields', 'Every field is one that the API server takes', (cluster) =>
  cluster.manifests.flatMap(({ document, path }) => checkFields(document, path)),
);

const twice = clusterCheck('kubernetes-twice', 'No object stands in the files twice', (cluster) => {
  const first = new Map<string, Manifest>();
  return cluster.manifests.flatMap((manifest): Found[] => {
    const key = `${String(manifest.at('apiVersion'))}/${manifest.namespace}/${manifest.kind}/${manifest.name}`;
    const other = first.get(key);
    first.set(key, other ?? manifest);
    if (other === undefined || manifest.name === '') return [];
    const message = `stands in ${other.document.file}:${other.lineOf()} too: the one that is applied last wins`;
    return [manifest.found(['metadata', 'name'], message, 'keep one')];
  });
});

export const fieldChecks = [fields, twice];
