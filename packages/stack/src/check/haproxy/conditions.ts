import type { HaproxyLine } from '../../haproxy/haproxy-config.js';
import type { HaproxyProxy } from '../../haproxy/haproxy-proxy.js';

/** The condition of a rule in full: what stands after `if` or `unless`, with the ACLs that it names; empty for a rule that always holds. */
export function conditionOf(proxy: HaproxyProxy, { words }: HaproxyLine): string {
  const at = words.findIndex((word) => word === 'if' || word === 'unless');
  if (at < 0) return '';
  const acls = new Map<string, string>();
  for (const { words: acl } of proxy.all('acl')) {
    acls.set(acl[1]!, `${acls.get(acl[1]!) ?? ''} ${acl.slice(2).join(' ')}`);
  }
  return words
    .slice(at)
    .map((word) => acls.get(word.replace(/^!/, '')) ?? word)
    .join(' ');
}

/** Rules of a proxy by their first words, in order. */
export const rules = (proxy: HaproxyProxy, ...kinds: string[]): HaproxyLine[] =>
  proxy.lines.filter(({ words }) => kinds.includes(words[0]!));

/** A rule that answers instead of a server: `deny`, `return`, `reject`, `tarpit`. */
export const refuses = ({ words }: HaproxyLine): boolean =>
  words[0] === 'block' ||
  /^(?:silent-drop|deny|return|reject|tarpit)$/.test(
    words.find((word, at) => at > 0 && word !== 'connection' && word !== 'content' && word !== 'session') ?? '',
  );
