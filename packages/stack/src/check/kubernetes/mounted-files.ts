import { posix } from 'node:path';
import { clusterCheck } from './cluster.js';
import { asList, asRecord, type Found } from './manifest.js';
import { variableAt } from './workload.js';

const mountedFile = clusterCheck(
  'mounted-file',
  'A file that a variable names in a mounted ConfigMap is a key of it',
  (cluster) =>
    cluster.workloads.flatMap((workload) =>
      workload.containers.flatMap((container) =>
        [...container.environment]
          .filter(([name, path]) => name.endsWith('_FILE') && path.startsWith('/'))
          .flatMap(([name, path]): Found[] => {
            const mount = asList(container.value['volumeMounts']).find(
              ({ mountPath }) => posix.dirname(path) === String(mountPath).replace(/\/$/, ''),
            );
            const volume = asList(workload.pod['volumes']).find((one) => one['name'] === mount?.['name']);
            const { name: config, items } = asRecord(volume?.['configMap']);
            const found = cluster.find('ConfigMap', String(config), workload.namespace);
            if (found === undefined) return [];
            const keys = [found.record('data'), found.record('binaryData')].flatMap(Object.keys);
            const files = items === undefined ? keys : asList(items).map((item) => String(item['path']));
            if (files.includes(posix.basename(path))) return [];
            const message = `${name} of container ${container.name} names ${path}, and ${found.title}, which is mounted there, has no ${posix.basename(path)}`;
            return [workload.found(variableAt(container, name), message, `it has ${files.join(', ') || 'none'}`)];
          }),
      ),
    ),
);

export const mountedFileChecks = [mountedFile];
