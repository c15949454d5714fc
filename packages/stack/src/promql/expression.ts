/** Where in its text an expression stands: from the first character to behind the last. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Something wrong in an expression: a sentence about it without its subject, and what to write instead. */
export interface Mistake extends Span {
  readonly message: string;
  readonly fix: string;
}

export type MatchOperator = '=' | '!=' | '=~' | '!~';

export interface Matcher extends Span {
  readonly label: string;
  readonly operator: MatchOperator;
  readonly value: string;
}

/** `name{matchers}[range] offset o` */
export interface Selector extends Span {
  readonly is: 'selector';
  /** Undefined where no matcher says it in full. */
  readonly name: string | undefined;
  /** All but that of the name. */
  readonly matchers: readonly Matcher[];
  /** Seconds; NaN where it is worked out only when the query runs. */
  readonly range: number | undefined;
}

/** `expression[range:step]` */
export interface Subquery extends Span {
  readonly is: 'subquery';
  readonly inner: Expression;
  readonly range: number;
}

export interface Call extends Span {
  readonly is: 'call';
  readonly name: string;
  readonly args: readonly Expression[];
}

export interface Aggregation extends Span {
  readonly is: 'aggregation';
  readonly operator: string;
  readonly inner: Expression;
  /** As `topk` and `quantile` have it. */
  readonly parameter: Expression | undefined;
  readonly grouping: Grouping | undefined;
}

export interface Grouping extends Span {
  readonly by: boolean;
  readonly labels: readonly string[];
}

export interface Binary extends Span {
  readonly is: 'binary';
  readonly operator: string;
  readonly left: Expression;
  readonly right: Expression;
  readonly bool: boolean;
  readonly matching: Matching | undefined;
}

export interface Matching extends Span {
  readonly on: boolean;
  readonly labels: readonly string[];
  /** Which side may have several series for one of the other side. */
  readonly many: 'left' | 'right' | undefined;
  /** Labels that the many take over from the one. */
  readonly include: readonly string[];
}

export interface Negation extends Span {
  readonly is: 'negation';
  readonly inner: Expression;
}

export interface NumberLiteral extends Span {
  readonly is: 'number';
  readonly value: number;
}

export interface StringLiteral extends Span {
  readonly is: 'string';
  readonly value: string;
}

/** A PromQL expression that was read; parentheses are left out. */
export type Expression = Selector | Subquery | Call | Aggregation | Binary | Negation | NumberLiteral | StringLiteral;

export const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '>', '<', '>=', '<=']);
export const SET_OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'unless']);

/** The expressions that one is made of. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.is) {
    case 'call':
      return expression.args;
    case 'aggregation':
      return expression.parameter === undefined ? [expression.inner] : [expression.parameter, expression.inner];
    case 'binary':
      return [expression.left, expression.right];
    case 'subquery':
    case 'negation':
      return [expression.inner];
    default:
      return [];
  }
}

/** Every selector in an expression, from left to right. */
export function selectorsOf(expression: Expression): Selector[] {
  return expression.is === 'selector' ? [expression] : partsOf(expression).flatMap(selectorsOf);
}
