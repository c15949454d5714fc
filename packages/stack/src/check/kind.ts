import type { Finding } from '../finding.js';
import { isRecord } from '../source/shapes.js';
import type { YamlSource } from '../source/yaml-source.js';
import type { Artifacts } from './artifacts.js';

/** What a file of each kind has at its top, whatever else it has. */
const TOP = {
  compose: { keys: ['services'], what: 'a Compose file' },
  prometheus: {
    keys: ['scrape_configs', 'global', 'rule_files', 'alerting', 'remote_write'],
    what: 'a prometheus.yml',
  },
  rules: { keys: ['groups'], what: 'a file of rules' },
  alertmanager: { keys: ['route', 'receivers'], what: 'an Alertmanager configuration' },
  dashboards: { keys: ['panels', 'rows', 'dashboard'], what: 'a dashboard' },
} as const;

/** Files that are empty or of another kind: no check has anything to say of them, and that would read as "it fits". */
export function otherKinds(artifacts: Artifacts): Finding[] {
  const mistake = (file: string, message: string, fix: string): Finding => ({
    check: 'syntax',
    severity: 'error',
    file,
    message,
    fix,
  });
  const isEmpty = ({ documents, problems }: YamlSource) => documents.length === 0 && problems.length === 0;
  const empty = (file: string) => mistake(file, 'is empty: there is nothing to check', 'write it, or leave it out');
  const yaml = Object.entries(TOP).flatMap(([kind, { keys, what }]) =>
    artifacts[kind as keyof typeof TOP].flatMap((source) => {
      if (isEmpty(source)) return [empty(source.file)];
      return source.documents.some(({ value }) => !isRecord(value) || !keys.some((key) => key in value))
        ? [mistake(source.file, `is not ${what}: at its top is no "${keys[0]}"`, `give ${what}`)]
        : [];
    }),
  );
  const manifests = artifacts.manifests.filter(isEmpty).map(({ file }) => empty(file));
  const proxies = artifacts.haproxy
    .filter(({ sections }) => sections.length === 0)
    .map(({ file }) =>
      mistake(file, 'has no section of HAProxy, such as "defaults" or "frontend"', 'give a haproxy.cfg'),
    );
  return [...yaml, ...manifests, ...proxies];
}
