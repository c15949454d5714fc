import { type Context, VARIABLE } from './context.js';
import { type Binary, SET_OPERATORS } from './expression.js';
import { ANY_LABELS, clash, type LabelSet } from './label-set.js';

/** The labels of what an operator makes of two vectors; reports what can never match, or matches too much. */
export function inferMatching(binary: Binary, left: LabelSet, right: LabelSet, context: Context): LabelSet {
  const { operator, matching } = binary;
  if (matching?.labels.includes(VARIABLE) === true) return ANY_LABELS;
  const agree = (label: string) => matching === undefined || matching.labels.includes(label) === matching.on;
  if (operator === 'or') {
    expectMatchLabels(binary, left, right, context);
    return left.or(right);
  }
  const sound = expectMatchLabels(binary, left, right, context) && expectSomeMatch(binary, left, right, agree, context);
  if (SET_OPERATORS.has(operator)) return operator === 'unless' ? left : left.and(right, agree);
  if (sound) expectOne(binary, left, right, agree, context);
  if (matching === undefined) return left.and(right, agree);
  if (matching.many === undefined) {
    const both = left.and(right, agree);
    return matching.on ? both.only(matching.labels) : both.without(matching.labels);
  }
  const [many, one] = matching.many === 'left' ? [left, right] : [right, left];
  for (const label of matching.include) {
    const message = `takes "${label}" over with group_${matching.many}, a label that the other side does not have`;
    context.expectLabel(label, one, matching, message);
  }
  return matching.include.reduce((set, label) => set.with(label, one.of(label)), many.and(one, agree));
}

/** Whether the labels that `on` and `ignoring` name are there. */
function expectMatchLabels(binary: Binary, left: LabelSet, right: LabelSet, context: Context): boolean {
  const { matching, operator } = binary;
  if (matching === undefined) return true;
  let sound = true;
  for (const label of matching.labels) {
    const sides = [
      { labels: left, operand: binary.left },
      { labels: right, operand: binary.right },
    ];
    const lacking = sides.filter(({ labels }) => labels.of(label).presence === 'never');
    // A label that is ignored is there to be missing on one side.
    if (lacking.length === 0 || (!matching.on && lacking.length === 1)) continue;
    const { labels, operand } = lacking[0]!;
    const who = lacking.length === 2 ? 'neither side has' : `${context.show(operand)} does not have`;
    const does = matching.on ? `matches "${operator}" on` : 'ignores';
    // Whoever ignores what is not there gets what he wants.
    const severity = matching.on ? undefined : 'warning';
    const there = context.expectLabel(label, labels, matching, `${does} "${label}", which ${who}`, severity);
    sound &&= there || !matching.on;
  }
  return sound;
}

/** Whether some series of one side may match some of the other. */
function expectSomeMatch(
  binary: Binary,
  left: LabelSet,
  right: LabelSet,
  agree: (label: string) => boolean,
  context: Context,
): boolean {
  const labels = [...new Set([...left.named, ...right.named])].filter(agree);
  const clashing = labels.filter((label) => clash(left.of(label), right.of(label)) !== undefined);
  if (clashing.length === 0) return true;
  const result = binary.operator === 'unless' ? 'takes nothing away, ever' : 'can never bring anything';
  const message = `${result}: ${differences(binary, clashing, left, right, context)}`;
  context.report('matching', binary, message, howToMatch(binary, left, right, clashing));
  return false;
}

function differences(
  binary: Binary,
  labels: readonly string[],
  left: LabelSet,
  right: LabelSet,
  context: Context,
): string {
  const [l, r] = [context.show(binary.left), context.show(binary.right)];
  const of = (kind: ReturnType<typeof clash>) =>
    labels.filter((label) => clash(left.of(label), right.of(label)) === kind);
  const lacks = (has: string, not: string, which: readonly string[]) =>
    which.length === 0 ? [] : [`${has} has ${quoted(which)} and ${not} has not`];
  return [
    ...lacks(l, r, of('missing-right')),
    ...lacks(r, l, of('missing-left')),
    ...of('values').map((label) => {
      const [here, there] = [showValues(left, label), showValues(right, label)];
      return `"${label}" is ${here} on the left and ${there} on the right`;
    }),
  ].join('; ');
}

const quoted = (labels: readonly string[]): string => labels.map((label) => `"${label}"`).join(', ');

const showValues = (labels: LabelSet, label: string): string => {
  const { values } = labels.of(label);
  return values === 'any' ? 'anything' : values.map((value) => `"${value}"`).join(' or ');
};

function howToMatch(
  { operator, matching }: Binary,
  left: LabelSet,
  right: LabelSet,
  clashing: readonly string[],
): string {
  const common = left.possible.filter((label) => right.of(label).presence === 'always' && !clashing.includes(label));
  const on = `on(${common.toSorted().join(', ')})`;
  if (SET_OPERATORS.has(operator)) return `write ${operator} ${on}, or aggregate both sides by the same labels`;
  const many = clashing.some((label) => left.of(label).presence !== 'never');
  const group = matching?.many ?? (many ? 'left' : 'right');
  return `write ${operator} ${on} group_${group}(), or aggregate both sides by the same labels`;
}

/** Labels that several series of one side differ in while they match the same of the other. */
function telling(labels: LabelSet, agree: (label: string) => boolean): string[] {
  return labels.named.filter((label) => {
    const { presence, values, describes } = labels.of(label);
    if (presence !== 'always' || agree(label) || describes === true) return false;
    if (values !== 'any' && values.length < 2) return false;
    // One instance is of one job.
    return !(label === 'job' && agree('instance') && labels.of('instance').presence === 'always');
  });
}

function expectOne(
  binary: Binary,
  left: LabelSet,
  right: LabelSet,
  agree: (label: string) => boolean,
  context: Context,
): void {
  const { matching, operator } = binary;
  if (matching === undefined) return;
  const several = { left: telling(left, agree), right: telling(right, agree) };
  const one = matching.many === 'left' ? 'right' : matching.many === 'right' ? 'left' : undefined;
  if (one !== undefined) {
    if (several[one].length === 0) return;
    const message = `has several series for one match on the side that group_${matching.many} wants one on: ${context.show(binary[one])} differs in ${quoted(several[one])}`;
    context.report(
      'matching',
      matching,
      message,
      `aggregate that side by (${matching.labels.join(', ')}), or match on those too`,
    );
    return;
  }
  const [many] = (['left', 'right'] as const).filter((side) => several[side].length > 0);
  if (many === undefined) return;
  const message = `has several series on the ${many} for one match: ${context.show(binary[many])} differs in ${quoted(several[many])}, and Prometheus refuses that`;
  const both = several.left.length > 0 && several.right.length > 0;
  const fix = both
    ? `aggregate both sides by the same labels, or match on ${quoted(several.left)} too`
    : `write ${operator} ${matching.on ? 'on' : 'ignoring'}(${matching.labels.join(', ')}) group_${many}(), or aggregate that side`;
  context.report('matching', matching, message, fix);
}
