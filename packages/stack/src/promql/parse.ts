import type { SyntaxNode, Tree } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { closest } from '../source/closest.js';
import { wrongArgument } from './arguments.js';
import type {
  Aggregation,
  Binary,
  Expression,
  Grouping,
  Matcher,
  Matching,
  MatchOperator,
  Mistake,
  Span,
} from './expression.js';
import { FUNCTION_NAMES } from './functions.js';
import { readNumber, readString } from './literals.js';
import { isPattern, matchesPattern } from './pattern.js';

/** No rule that a person can follow comes near. */
export const MAX_CHARACTERS = 10_000;
const MAX_DEPTH = 200;

export type ParsedPromql = { readonly expression: Expression } | { readonly mistake: Mistake };

/** Reads a PromQL expression; never throws. */
export function parsePromql(text: string): ParsedPromql {
  if (text.length > MAX_CHARACTERS) {
    const message = `has ${text.length} characters, and at most ${MAX_CHARACTERS} are read`;
    return { mistake: { from: 0, to: text.length, message, fix: 'split it with a recording rule' } };
  }
  const tree = parseStrictly(text);
  if (typeof tree === 'number') return { mistake: explain(text, { from: tree, to: text.length }) };
  try {
    const expression = new Reader(text).read(tree.topNode.getChild('Expr')!, 0);
    const mistake = wrongArgument(expression);
    return mistake === undefined ? { expression } : { mistake };
  } catch (failure) {
    if (failure instanceof Unreadable) return { mistake: failure.mistake };
    throw failure;
  }
}

class Unreadable extends Error {
  readonly mistake: Mistake;

  constructor({ from, to }: Span, message: string, fix: string) {
    super(message);
    this.mistake = { from, to, message, fix };
  }
}

const strict = parser.configure({ strict: true });

/** The tree, or the place where it cannot go on: trying to go on nevertheless can take a second. */
function parseStrictly(text: string): Tree | number {
  try {
    return strict.parse(text);
  } catch (error) {
    const [, at] = /^No parse at (\d+)$/.exec(error instanceof SyntaxError ? error.message : '') ?? [];
    if (at === undefined) throw error;
    return Number(at);
  }
}

function explain(text: string, error: Span): Mistake {
  const rest = text.slice(error.from);
  const before = text.slice(0, error.from);
  if (text.trim() === '') return { ...error, message: 'is empty', fix: 'write an expression' };
  if (rest.trim() === '') return { ...error, message: 'ends too early', fix: 'close what is open, or end it before' };
  const [, called] = /([a-zA-Z_][a-zA-Z0-9_]*)\s*$/.exec(before) ?? [];
  if (rest.trimStart().startsWith('(') && called !== undefined) {
    if (called === 'holt_winters') {
      const fix = 'write double_exponential_smoothing, its name since Prometheus 3';
      return { ...error, message: 'has holt_winters(), which is not read', fix };
    }
    const near = closest(called, [...FUNCTION_NAMES, 'sum', 'count', 'avg', 'max', 'min', 'quantile', 'topk']);
    const fix = near === undefined ? 'call one that PromQL has' : `did you mean ${near}()?`;
    return { ...error, message: `calls ${called}(), which is no function of PromQL`, fix };
  }
  const [unexpected = rest] = /^\s*(?:[\w:]+|"[^"]*"?|\S)/.exec(rest) ?? [];
  const message = `has ${JSON.stringify(unexpected.trim().slice(0, 40))} where it cannot stand, at character ${error.from + 1}`;
  return { ...error, message, fix: 'mend the syntax there' };
}

/** The nodes below one, without comments. */
function childrenOf(node: SyntaxNode | null): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node?.firstChild ?? null; child !== null; child = child.nextSibling) {
    if (child.name !== 'LineComment') children.push(child);
  }
  return children;
}

/** Turns the tree of the grammar into expressions. */
class Reader {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  read(node: SyntaxNode, depth: number): Expression {
    const span = { from: node.from, to: node.to };
    if (depth > MAX_DEPTH) {
      throw new Unreadable(span, `is nested more than ${MAX_DEPTH} deep`, 'split it with recording rules');
    }
    const inner = () => this.read(node.getChild('Expr')!, depth + 1);
    switch (node.name) {
      case 'ParenExpr':
      case 'AnchoredExpr':
      case 'SmoothedExpr':
        return inner();
      case 'OffsetExpr':
      case 'StepInvariantExpr':
        return this.#postfix(node, depth, (to) => to);
      case 'NumberDurationLiteral':
        return { is: 'number', ...span, value: readNumber(this.#of(node)) };
      case 'StringLiteral':
        return { is: 'string', ...span, value: this.#string(node) };
      case 'UnaryExpr':
        return { is: 'negation', ...span, inner: inner() };
      case 'VectorSelector':
        return this.#selector(node);
      case 'MatrixSelector':
        return this.#postfix(node, depth, (to) => this.#matrix(node, to));
      case 'SubqueryExpr':
        return this.#postfix(node, depth, (to) => ({
          is: 'subquery',
          from: to.from,
          to: span.to,
          inner: to,
          range: this.#duration(node.getChild('DurationExpr')),
        }));
      case 'BinaryExpr':
        return this.#binary(node, depth);
      case 'AggregateExpr':
        return this.#aggregation(node, depth);
      case 'FunctionCall': {
        const args = node.getChild('FunctionCallBody')!.getChildren('Expr');
        return {
          is: 'call',
          ...span,
          name: this.#of(node.getChild('FunctionIdentifier')!),
          args: args.map((argument) => this.read(argument, depth + 1)),
        };
      }
      default:
        throw new Unreadable(span, `has ${this.#of(node).slice(0, 40)}, which cannot be read`, 'write it without');
    }
  }

  /**
   * Range, offset and `@` belong to the operand right before them; the grammar gives them the whole of `a / b offset 1h`
   * instead, so they are moved to where Prometheus has them.
   */
  #postfix(node: SyntaxNode, depth: number, wrap: (to: Expression) => Expression): Expression {
    const first = node.getChild('Expr')!;
    const read = this.read(first, depth + 1);
    if (first.name !== 'BinaryExpr' && first.name !== 'UnaryExpr') return wrap(read);
    const move = (to: Expression): Expression => {
      if (to.is === 'binary' && !this.#parenthesised(to)) return { ...to, to: node.to, right: move(to.right) };
      if (to.is === 'negation' && !this.#parenthesised(to)) return { ...to, to: node.to, inner: move(to.inner) };
      return wrap(to);
    };
    return move(read);
  }

  /** Whether only parentheses stand between an operand's end and what follows it. */
  #parenthesised({ to }: Span): boolean {
    return /^\s*\)/.test(this.#text.slice(to));
  }

  #matrix(node: SyntaxNode, to: Expression): Expression {
    if (to.is !== 'selector' || to.range !== undefined) {
      const fix = 'write a subquery, such as [5m:1m], or put the range behind the metric';
      throw new Unreadable(node, 'has a range behind something that is no metric', fix);
    }
    return { ...to, to: node.to, range: this.#duration(node.getChild('DurationExpr')) };
  }

  #duration(node: SyntaxNode | null): number {
    const text = node === null ? '' : this.#of(node);
    const seconds = /^[\d\sa-zA-Z._]+$/.test(text) ? readNumber(text) : Number.NaN;
    if (node !== null && seconds <= 0) throw new Unreadable(node, `has a range of ${text}`, 'write one above 0');
    return seconds;
  }

  #selector(node: SyntaxNode): Expression {
    const identifier = node.getChild('Identifier');
    const list = node.getChild('LabelMatchers');
    let name = identifier === null ? undefined : this.#of(identifier);
    const matchers: Matcher[] = [];
    for (const child of childrenOf(list)) {
      if (child.name === 'QuotedLabelName') name = this.#label(child);
      else {
        const matcher = this.#matcher(child);
        if (matcher.label === '__name__' && matcher.operator === '=' && name === undefined) name = matcher.value;
        else matchers.push(matcher);
      }
    }
    const matchesAll = name === undefined && !matchers.some(needsSomething);
    if (matchesAll) {
      throw new Unreadable(node, 'has a selector that any series matches', 'name the metric, or a label and its value');
    }
    return { is: 'selector', from: node.from, to: node.to, name, matchers, range: undefined };
  }

  #matcher(node: SyntaxNode): Matcher {
    const operator = this.#of(node.getChild('MatchOp')!) as MatchOperator;
    const value = this.#string(node.getChild('StringLiteral')!);
    if (operator.endsWith('~') && !isPattern(value)) {
      throw new Unreadable(node, `has the pattern ${JSON.stringify(value)}, which is none`, 'mend it');
    }
    return { label: this.#label(node.firstChild!), operator, value, from: node.from, to: node.to };
  }

  #label(node: SyntaxNode): string {
    return node.name === 'QuotedLabelName' ? this.#string(node.firstChild!) : this.#of(node);
  }

  #labels(node: SyntaxNode | null): string[] {
    return childrenOf(node).map((child) => this.#label(child));
  }

  #binary(node: SyntaxNode, depth: number): Binary {
    const [left, operator] = childrenOf(node);
    const right = childrenOf(node).at(-1);
    const clause = node.getChild('MatchingModifierClause');
    return {
      is: 'binary',
      from: node.from,
      to: node.to,
      operator: this.#of(operator!).toLowerCase(),
      left: this.read(left!, depth + 1),
      right: this.read(right!, depth + 1),
      bool: node.getChild('BoolModifier') !== null,
      matching: clause === null ? undefined : this.#matching(clause),
    };
  }

  #matching(clause: SyntaxNode): Matching {
    const [labels = null, include = null] = clause.getChildren('GroupingLabels');
    const many = clause.getChild('GroupLeft') ? 'left' : clause.getChild('GroupRight') ? 'right' : undefined;
    return {
      from: clause.from,
      to: clause.to,
      on: clause.getChild('On') !== null,
      labels: this.#labels(labels),
      many,
      include: this.#labels(include),
    };
  }

  #aggregation(node: SyntaxNode, depth: number): Aggregation {
    const operator = this.#of(node.getChild('AggregateOp')!).toLowerCase();
    const modifier = node.getChild('AggregateModifier');
    const args = node.getChild('FunctionCallBody')!.getChildren('Expr');
    const inner = args.at(-1);
    if (inner === undefined || args.length > 2) {
      throw new Unreadable(node, `gives ${operator}() ${args.length} arguments`, 'give it one, or a parameter and one');
    }
    const grouping: Grouping | undefined =
      modifier === null
        ? undefined
        : {
            from: modifier.from,
            to: modifier.to,
            by: modifier.getChild('By') !== null,
            labels: this.#labels(modifier.getChild('GroupingLabels')),
          };
    const parameter = args.length === 2 ? this.read(args[0]!, depth + 1) : undefined;
    const { from, to } = node;
    return { is: 'aggregation', from, to, operator, inner: this.read(inner, depth + 1), parameter, grouping };
  }

  #string(node: SyntaxNode): string {
    const value = readString(this.#of(node));
    if (value === undefined) {
      throw new Unreadable(
        node,
        `has ${this.#of(node).slice(0, 40)}, which is no string`,
        'end it, and mend its escapes',
      );
    }
    return value;
  }

  #of({ from, to }: Span): string {
    return this.#text.slice(from, to);
  }
}

/** Prometheus refuses a selector of which no matcher rules out the empty value. */
const needsSomething = ({ operator, value }: Matcher): boolean => {
  switch (operator) {
    case '=':
      return value !== '';
    case '!=':
      return value === '';
    case '=~':
      return !matchesPattern(value, '');
    case '!~':
      return matchesPattern(value, '');
  }
};
