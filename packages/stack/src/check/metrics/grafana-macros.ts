import { VARIABLE } from '../../promql/context.js';
import { PLACEHOLDER } from '../../promql/matcher.js';

const VARIABLE_PATTERN = /\$\{(\w+)(?:[.:][^}]*)?\}|\$(\w+)|\[\[(\w+)(?::[^\]]*)?\]\]/g;
const NUMBERS = /^__(?:interval|range|rate_interval)_(?:ms|s)$|^__(?:from|to)$/;

/**
 * A query as PromQL: a variable in a string becomes a placeholder for any value, a duration `5m`, a number `1`, and any
 * other a name of which nothing is known.
 */
export function withoutMacros(query: string): string {
  return query.replace(
    VARIABLE_PATTERN,
    (whole, braced?: string, plain?: string, bracketed?: string, at: number = 0) => {
      const name = braced ?? plain ?? bracketed ?? whole;
      const before = query.slice(0, at);
      if (inString(before)) return PLACEHOLDER;
      if (NUMBERS.test(name)) return '1';
      if (inRange(before) || /\boffset\s+-?$/.test(before) || /^__(?:interval|range|rate_interval)$/.test(name))
        return '5m';
      return VARIABLE;
    },
  );
}

function inString(before: string): boolean {
  let quote: string | undefined;
  for (let at = 0; at < before.length; at++) {
    const char = before[at]!;
    if (quote === undefined) quote = '"\'`'.includes(char) ? char : undefined;
    else if (char === '\\' && quote !== '`') at++;
    else if (char === quote) quote = undefined;
  }
  return quote !== undefined;
}

const inRange = (before: string): boolean => before.lastIndexOf('[') > before.lastIndexOf(']');
