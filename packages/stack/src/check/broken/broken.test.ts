import { beforeAll, describe, expect, it } from 'vitest';
import { StackFileError } from '../../file/stack-file-error.js';
import { type Finding, showFinding } from '../../finding.js';
import { checkArtifacts } from '../checks.js';
import type { Broken, Deserved } from './broken.suite.js';
import { BrokenStack } from './broken-stack.suite.js';
import { composeBreaks } from './compose.suite.js';
import { kubernetesBreaks } from './kubernetes.suite.js';
import { metricsBreaks } from './metrics.suite.js';
import { monitoringBreaks } from './monitoring.suite.js';
import { proxyBreaks } from './proxy.suite.js';
import { stackFileBreaks } from './stack-file.suite.js';

const SUBJECTS = {
  'the stack file': stackFileBreaks,
  'the proxy': proxyBreaks,
  Compose: composeBreaks,
  Kubernetes: kubernetesBreaks,
  metrics: metricsBreaks,
  monitoring: monitoringBreaks,
};
const ALL = Object.values(SUBJECTS).flat();

/** What is found of a stack, a stack file that cannot be read included. */
function findingsOf(broken: Broken, stack: BrokenStack): readonly Finding[] {
  try {
    broken.break(stack);
    return checkArtifacts(stack.artifacts());
  } catch (error) {
    if (error instanceof StackFileError) return error.findings;
    throw error;
  }
}

const matches = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
    's',
  ).test(text);

/** Lines move with whatever is rendered above them. */
const said = ({ message, fix }: Finding): string => `${message}; ${fix}`.replace(/(\.(?:ya?ml|cfg|json)):\d+/g, '$1');

function deserves({ check, file, at, says }: Deserved, finding: Finding, stack: BrokenStack): boolean {
  const line = finding.line === undefined ? '' : stack.text(finding.file).split('\n')[finding.line - 1]!;
  return check === finding.check && file === finding.file && matches(at, line.trim()) && matches(says, said(finding));
}

const errorsIn = (findings: readonly Finding[]): string[] =>
  findings.filter(({ severity }) => severity === 'error').map(showFinding);

// A loaded machine takes its time for so many stacks.
describe('a broken stack', { timeout: 180_000 }, () => {
  const right = new BrokenStack();
  beforeAll(() => {
    checkArtifacts(right.artifacts());
  }, 180_000);

  it('is right before it is broken, each file by itself too', () => {
    expect(checkArtifacts(right.artifacts()).map(showFinding)).toEqual([]);
    expect(right.paths.flatMap((path) => errorsIn(checkArtifacts(right.alone(path))))).toEqual([]);
  });

  it('is broken in as many ways as was promised, each with a name of its own', () => {
    expect(ALL.length).toBeGreaterThanOrEqual(60);
    expect(ALL.filter(({ across }) => across).length).toBeGreaterThanOrEqual(35);
    expect(new Set(ALL.map(({ name }) => name)).size).toBe(ALL.length);
    const vague = ALL.flatMap(({ found }) => found).filter(
      ({ at, says }) => at.length < 4 || says.replaceAll('…', '').length < 40,
    );
    expect(vague).toEqual([]);
  });

  describe.each(Object.entries(SUBJECTS))('by %s', (_, breaks) => {
    it.each(breaks)('$name', (broken) => {
      const stack = new BrokenStack();
      const findings = findingsOf(broken, stack);
      const unrelated = findings.filter((finding) => !broken.found.some((one) => deserves(one, finding, stack)));
      expect(unrelated.map(showFinding)).toEqual([]);
      expect(broken.found.length).toBeGreaterThan(0);
      for (const deserved of broken.found) {
        const count = findings.filter((finding) => deserves(deserved, finding, stack)).length;
        if (deserved.times === 'many') expect(count, deserved.says).toBeGreaterThan(1);
        else expect(count, deserved.says).toBe(deserved.times ?? 1);
      }
      if (broken.across) {
        expect(stack.changed.flatMap((path) => errorsIn(checkArtifacts(stack.alone(path))))).toEqual([]);
      }
    });
  });
});
