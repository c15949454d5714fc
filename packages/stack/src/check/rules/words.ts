import { closest } from '../../source/closest.js';
import { isRecord, listOf } from '../../source/shapes.js';
import type { Artifacts } from '../artifacts.js';
import type { Check } from '../check.js';
import { type Alert, readRules } from '../metrics/rule-files.js';
import { hasFor, leastForS, whyWait } from './timing.js';

type Found = ReturnType<Check['run']>[number];

const at = ({ document, path }: Alert, keys: readonly string[], message: string, fix: string): Found => ({
  severity: 'error',
  file: document.file,
  line: document.lineOf([...path, ...keys]),
  message,
  fix,
});

const ANNOTATIONS = ['summary', 'description', 'runbook_url'];

/** One finding for an alert, whatever it lacks. */
function incomplete(artifacts: Artifacts): Found[] {
  return readRules(artifacts).alerts.flatMap((alert) => {
    const annotations = ANNOTATIONS.filter((name) => alert.annotations[name] === undefined);
    const lacks = [
      ...(hasFor(alert) ? [] : [{ what: `"for"${whyWait(alert)}`, fix: `for: ${leastForS(artifacts)}s` }]),
      ...(alert.labels['severity'] === undefined
        ? [{ what: 'label "severity": no route can choose by it', fix: 'labels: { severity: warning }' }]
        : []),
      ...(annotations.length === 0
        ? []
        : [{ what: `annotation ${annotations.join(', ')}`, fix: `${annotations.join(', ')} under annotations` }]),
    ];
    if (lacks.length === 0) return [];
    const message = `alert ${alert.name} has no ${lacks.map(({ what }) => what).join('; no ')}`;
    return [at(alert, ['alert'], message, `add ${lacks.map(({ fix }) => fix).join('; ')}`)];
  });
}

/** The anchors that GitHub makes of the headings of a page. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Only pages that are there can be looked into: a link to elsewhere is taken to hold. */
function runbookAnchorMissing(artifacts: Artifacts): Found[] {
  const pages = [...artifacts.runbooks].map(([path, text]) => ({ path, anchors: anchorsOf(text) }));
  return readRules(artifacts).alerts.flatMap((alert) => {
    const link = alert.annotations['runbook_url'];
    if (link === undefined || link.includes('{{')) return [];
    const [page, anchor] = link.split('#');
    const anchors = pages.find(({ path }) => page === path || page!.endsWith(`/${path}`))?.anchors;
    if (anchors === undefined) return [];
    if (anchor !== undefined && anchors.includes(anchor)) return [];
    const near = anchor === undefined ? undefined : closest(anchor, anchors);
    const message = `alert ${alert.name} links to ${link}, and ${page} has no such heading`;
    return [
      at(
        alert,
        ['annotations', 'runbook_url'],
        message,
        near === undefined ? `add a section ${alert.name}` : `did you mean #${near}?`,
      ),
    ];
  });
}

function nameTwice(artifacts: Artifacts): Found[] {
  const first = new Map<string, Alert>();
  return readRules(artifacts).alerts.flatMap((alert) => {
    const other = first.get(alert.name);
    if (other === undefined) {
      first.set(alert.name, alert);
      return [];
    }
    const place = `${other.document.file}:${other.document.lineOf(other.path)}`;
    return [
      at(
        alert,
        ['alert'],
        `alert ${alert.name} is defined at ${place} too: one silence holds both`,
        'give each its own name',
      ),
    ];
  });
}

function untested(artifacts: Artifacts): Found[] {
  if (artifacts.ruleTests.length === 0) return [];
  const tested = new Set(
    artifacts.ruleTests
      .flatMap(({ documents }) => documents)
      .flatMap((document) => listOf(document.at(['tests'])))
      .flatMap((test) => (isRecord(test) ? listOf(test['alert_rule_test']) : []))
      .map((test) => (isRecord(test) ? test['alertname'] : undefined)),
  );
  return readRules(artifacts).alerts.flatMap((alert) =>
    tested.has(alert.name)
      ? []
      : [
          at(
            alert,
            ['alert'],
            `alert ${alert.name} has no promtool test`,
            'add cases in which it fires, is pending and is silent',
          ),
        ],
  );
}

export const wordsChecks: readonly Check[] = [
  {
    id: 'alert-complete',
    holds: 'Every alert has a wait, a severity, a summary, a description and a link to its runbook.',
    run: incomplete,
  },
  {
    id: 'runbook-anchor',
    holds: 'Every link to a runbook that is there leads to a heading of it.',
    run: runbookAnchorMissing,
  },
  { id: 'alert-name', holds: 'No two alerts have one name.', run: nameTwice },
  { id: 'alert-test', holds: 'Every alert has a promtool test, where there are tests.', run: untested },
];
