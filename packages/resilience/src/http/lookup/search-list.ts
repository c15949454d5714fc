import type { ResolvConf } from './resolv-conf.js';

/** The longest name that fits into a question (RFC 1035, without the trailing dot). */
const LONGEST_NAME = 253;

/**
 * The names to ask for, in order, as glibc's res_search does: a name that ends in a dot is taken as it is; one with at
 * least `ndots` dots is tried as it is first, any other last.
 */
export function namesToAsk(name: string, { search, ndots }: Pick<ResolvConf, 'search' | 'ndots'>): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const dots = name.split('.').length - 1;
  const searched = search.map((suffix) => (suffix === '' ? name : `${name}.${suffix}`));
  const names = dots >= ndots ? [name, ...searched] : [...searched, name];
  return [...new Set(names)].filter((each) => each.length <= LONGEST_NAME);
}
