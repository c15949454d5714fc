import { closest } from '../../source/closest.js';
import { isRecord, listOf, textOf } from '../../source/shapes.js';
import type { Path, YamlDocument } from '../../source/yaml-source.js';
import type { Artifacts } from '../artifacts.js';
import type { Check } from '../check.js';
import { readRules } from '../metrics/rule-files.js';
import { caughtBelow, matchersIn, type Route, readRoute } from './routes.js';

type Found = ReturnType<Check['run']>[number];

const at = (document: YamlDocument, path: Path, message: string, fix: string): Found => ({
  severity: 'error',
  file: document.file,
  line: document.lineOf(path),
  message,
  fix,
});

const documentsOf = ({ alertmanager }: Artifacts): YamlDocument[] => alertmanager.flatMap(({ documents }) => documents);

function receiverMissing(artifacts: Artifacts): Found[] {
  return documentsOf(artifacts).flatMap((document) => {
    const names = listOf(document.at(['receivers'])).flatMap((one) =>
      isRecord(one) ? (textOf(one['name']) ?? []) : [],
    );
    const missing = (route: Route): Found[] => {
      const { receiver, path } = route;
      const near = receiver === undefined ? undefined : closest(receiver, names);
      const fix = near === undefined ? `receivers there are: ${names.join(', ')}` : `did you mean "${near}"?`;
      const own =
        receiver !== undefined && names.includes(receiver)
          ? []
          : [at(document, [...path, 'receiver'], `the receiver "${receiver ?? ''}" of a route does not exist`, fix)];
      // What is inherited has been told of above.
      return [...own, ...route.routes.flatMap((one) => (one.receiver === receiver ? [] : missing(one)))];
    };
    return missing(readRoute(document, ['route']));
  });
}

function severityUncaught(artifacts: Artifacts): Found[] {
  const { alerts } = readRules(artifacts);
  const severities = new Map(
    alerts.flatMap((alert) =>
      alert.labels['severity'] === undefined ? [] : [[alert.labels['severity'], alert.name] as const],
    ),
  );
  return documentsOf(artifacts).flatMap((document) => {
    const route = readRoute(document, ['route']);
    if (route.routes.length === 0) return [];
    return [...severities].flatMap(([severity, name]) =>
      caughtBelow(route, { severity })
        ? []
        : [
            at(
              document,
              ['route', 'routes'],
              `no route catches severity "${severity}", which alert ${name} has: it goes to the default receiver "${route.receiver ?? ''}"`,
              `add a route with matchers: ['severity="${severity}"']`,
            ),
          ],
    );
  });
}

/** Keys whose value is a secret; each has a sibling that names a file. */
const SECRET = /^(?:.*(?:password|secret|token|_key|api_key|credentials)|api_url|service_key)$/;

function secretWritten(artifacts: Artifacts): Found[] {
  const walk = (document: YamlDocument, value: unknown, path: Path): Found[] => {
    if (Array.isArray(value)) return value.flatMap((one, index) => walk(document, one, [...path, index]));
    if (!isRecord(value)) return [];
    return Object.entries(value).flatMap(([key, one]) => {
      const here = [...path, key];
      const hidden = typeof one === 'string' && one !== '' && !one.startsWith('<');
      const isSlack = key === 'api_url' && path.some((part) => String(part).startsWith('slack'));
      if (hidden && SECRET.test(key) && (key !== 'api_url' || isSlack)) {
        return [
          at(
            document,
            here,
            `${key} stands in the file: whoever reads it has the secret`,
            `${key}_file: the path of a file that holds it`,
          ),
        ];
      }
      return walk(document, one, here);
    });
  };
  return documentsOf(artifacts).flatMap((document) => walk(document, document.value, []));
}

function oldApi(artifacts: Artifacts): Found[] {
  return artifacts.prometheus
    .flatMap(({ documents }) => documents)
    .flatMap((document) =>
      listOf(document.at(['alerting', 'alertmanagers'])).flatMap((one, index) =>
        isRecord(one) && one['api_version'] === 'v1'
          ? [
              at(
                document,
                ['alerting', 'alertmanagers', index, 'api_version'],
                'Prometheus sends alerts to /api/v1 of Alertmanager, which 0.27 has no more: nobody would be told of anything',
                'api_version: v2, or leave it out',
              ),
            ]
          : [],
      ),
    );
}

/** Labels that Alertmanager or every alert has, and those that series bring, which rules do not show. */
const SERIES_LABELS = [
  ...['alertname', 'instance', 'job', 'backend', 'namespace', 'pod', 'service', 'cluster', 'node'],
  ...['proxy', 'slot', 'device', 'mountpoint'],
];

/** The value nearest to that of a matcher; all of a few. */
function valueFix(text: string, values: readonly string[]): string {
  const near = closest(/"(.*)"/.exec(text)?.[1] ?? '', values);
  if (near !== undefined) return `did you mean "${near}"?`;
  return `write one of those there are${values.length > 12 ? '' : `: ${values.join(', ')}`}`;
}

function inhibitsNothing(artifacts: Artifacts): Found[] {
  const { alerts } = readRules(artifacts);
  if (alerts.length === 0) return [];
  const known = new Set([...SERIES_LABELS, ...alerts.flatMap(({ labels }) => Object.keys(labels))]);
  const names = alerts.map(({ name }) => name);
  return documentsOf(artifacts).flatMap((document) =>
    listOf(document.at(['inhibit_rules'])).flatMap((rule, index) => {
      const path = ['inhibit_rules', index];
      const sides = [
        ['source_matchers', matchersIn(rule, 'source_matchers', 'source_match', 'source_match_re')],
        ['target_matchers', matchersIn(rule, 'target_matchers', 'target_match', 'target_match_re')],
      ] as const;
      const values = (label: string) =>
        label === 'alertname' ? names : alerts.flatMap(({ labels }) => labels[label] ?? []);
      const inMatchers = sides.flatMap(([side, matchers]) =>
        matchers.flatMap(({ text, label, matches }) => {
          const reach = values(label);
          const isShown = label === 'alertname' || !SERIES_LABELS.includes(label);
          if (known.has(label) && (!isShown || reach.some(matches))) return [];
          const [why, fix] = known.has(label)
            ? [`no alert has ${text}`, valueFix(text, [...new Set(reach)])]
            : [`no alert has the label "${label}"`, `labels there are: ${[...known].join(', ')}`];
          return [at(document, [...path, side], `this inhibition never holds: ${why}`, fix)];
        }),
      );
      const equal = isRecord(rule) ? listOf(rule['equal']).flatMap((label) => textOf(label) ?? []) : [];
      const inEqual = equal
        .filter((label) => !known.has(label))
        .map((label) =>
          at(
            document,
            [...path, 'equal'],
            `no alert has the label "${label}", so it is equal everywhere: everything of the target is silenced`,
            `one of ${[...known].join(', ')}`,
          ),
        );
      return [...inMatchers, ...inEqual];
    }),
  );
}

export const alertmanagerChecks: readonly Check[] = [
  { id: 'receiver', holds: 'Every route leads to a receiver that exists.', run: receiverMissing },
  {
    id: 'route-severity',
    holds: 'Every severity that an alert has is caught by a route of its own.',
    run: severityUncaught,
  },
  { id: 'alertmanager-secret', holds: 'No secret stands in the configuration of Alertmanager.', run: secretWritten },
  { id: 'alertmanager-api', holds: 'Prometheus speaks to the API that Alertmanager has.', run: oldApi },
  { id: 'inhibition', holds: 'Inhibitions name labels and alerts that exist.', run: inhibitsNothing },
];
