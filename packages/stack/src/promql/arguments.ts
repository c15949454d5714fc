import type { Aggregation, Binary, Call, Expression, Mistake } from './expression.js';
import { COMPARISONS, partsOf, SET_OPERATORS } from './expression.js';
import { FUNCTIONS, PARAMETERS, VARIADIC } from './functions.js';

export type ValueType = 'scalar' | 'string' | 'vector' | 'range';

/** What an expression evaluates to. */
export function valueType(expression: Expression): ValueType {
  switch (expression.is) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'selector':
      return expression.range === undefined ? 'vector' : 'range';
    case 'subquery':
      return 'range';
    case 'call':
      return FUNCTIONS.get(expression.name)?.returns ?? 'vector';
    case 'aggregation':
      return 'vector';
    case 'negation':
      return valueType(expression.inner);
    case 'binary':
      return valueType(expression.left) === 'scalar' && valueType(expression.right) === 'scalar' ? 'scalar' : 'vector';
  }
}

/** The first operand or argument of a type that Prometheus refuses there. */
export function wrongArgument(expression: Expression): Mistake | undefined {
  for (const part of partsOf(expression)) {
    const mistake = wrongArgument(part);
    if (mistake !== undefined) return mistake;
  }
  switch (expression.is) {
    case 'call':
      return wrongInCall(expression);
    case 'aggregation':
      return wrongInAggregation(expression);
    case 'binary':
      return wrongInBinary(expression);
    case 'subquery':
      return wanted(expression.inner, 'vector', 'a subquery');
    default:
      return undefined;
  }
}

function wrongInCall(call: Call): Mistake | undefined {
  const { name, args, from, to } = call;
  const known = FUNCTIONS.get(name);
  const open = VARIADIC.get(name);
  const takes = known?.args ?? open ?? [];
  const least = takes.length - (known?.optional ?? 0);
  if (args.length < least || (open === undefined && args.length > takes.length)) {
    const message = `gives ${name}() ${args.length} arguments, and it takes ${least === takes.length ? least : `${least} to ${takes.length}`}`;
    return { from, to, message, fix: `write ${name}(${takes.join(', ')})` };
  }
  for (const [index, argument] of args.entries()) {
    const mistake = wanted(argument, takes[Math.min(index, takes.length - 1)]!, `${name}()`);
    if (mistake !== undefined) return mistake;
  }
  return undefined;
}

function wrongInAggregation({ operator, parameter, inner, from, to }: Aggregation): Mistake | undefined {
  const takes = PARAMETERS.get(operator);
  if ((takes === undefined) !== (parameter === undefined)) {
    const [does, fix] =
      takes === undefined ? ['takes no', 'leave it out'] : ['needs a', `write ${operator}(${takes}, …)`];
    return { from, to, message: `has ${operator}(), which ${does} parameter`, fix };
  }
  const first = parameter === undefined ? undefined : wanted(parameter, takes!, `the parameter of ${operator}()`);
  return first ?? wanted(inner, 'vector', `${operator}()`);
}

function wrongInBinary({ operator, left, right, bool, matching, from, to }: Binary): Mistake | undefined {
  const types = [valueType(left), valueType(right)];
  const wrong = types.find((type) => type === 'range' || type === 'string');
  if (wrong !== undefined) {
    const fix = wrong === 'range' ? 'put a function such as rate() around it' : 'write a number or a metric';
    return { from, to, message: `has a ${wrong} beside "${operator}"`, fix };
  }
  if (SET_OPERATORS.has(operator) && types.includes('scalar')) {
    return { from, to, message: `has a number beside "${operator}"`, fix: 'write vector(…) around it' };
  }
  if (bool && !COMPARISONS.has(operator)) {
    return { from, to, message: `has "bool" behind "${operator}"`, fix: 'it belongs behind comparisons alone' };
  }
  if (COMPARISONS.has(operator) && !bool && types.every((type) => type === 'scalar')) {
    return { from, to, message: 'compares two numbers', fix: `write ${operator} bool` };
  }
  if (matching !== undefined && types.includes('scalar')) {
    return { from, to, message: 'says which labels match where one side is a number', fix: 'leave that out' };
  }
  if (matching?.many !== undefined && SET_OPERATORS.has(operator)) {
    return { from, to, message: `has group_${matching.many} behind "${operator}"`, fix: 'leave it out' };
  }
  return undefined;
}

function wanted(argument: Expression, type: string, by: string): Mistake | undefined {
  const is = valueType(argument);
  if (type === 'any' || is === type) return undefined;
  const { from, to } = argument;
  const fix =
    type === 'range'
      ? 'write a range behind the metric, such as [5m]'
      : is === 'range'
        ? 'leave the range out, or put a function such as rate() around it'
        : `write a ${type}`;
  return { from, to, message: `gives ${by} a ${is} where it takes a ${type}`, fix };
}
