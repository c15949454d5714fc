import type { HaproxyProxy } from '../../haproxy/haproxy-proxy.js';
import { type Found, type ProxyFile, proxyCheck, title } from './proxy-file.js';

/** What keeps an inserted cookie to the browser and the proxy, and what it reaches without. */
const GUARDS: ReadonlyMap<string, string> = new Map([
  ['indirect', 'is passed on to the servers, which have no use for it'],
  ['nocache', 'can be kept by a cache, which then sends many browsers to one server'],
  ['httponly', 'can be read by scripts of the page'],
]);

function cookieOf(file: ProxyFile, proxy: HaproxyProxy): Found[] {
  const cookie = proxy.last('cookie');
  if (cookie === undefined || proxy.servers.length === 0) return [];
  const { words, line } = cookie;
  const name = `${title(proxy)}: cookie ${words[1]}`;
  const found: Found[] = [];
  const unnamed = proxy.servers.find(({ options }) => !options.has('cookie'));
  if (words.includes('dynamic')) {
    if (proxy.last('dynamic-cookie-key') === undefined) {
      found.push(
        file.error(
          line,
          `${name} is dynamic, and there is no key for it`,
          'add a dynamic-cookie-key that names a variable',
        ),
      );
    }
  } else if (unnamed !== undefined) {
    const message = `${name} does nothing for server ${unnamed.name}, which has no cookie of its own`;
    found.push(file.error(line, message, 'add "dynamic" and a dynamic-cookie-key, or "cookie <value>" to each server'));
  }
  if (words.includes('insert') && !words.includes('maxlife') && !words.includes('maxidle')) {
    const message = `${name} never ends, so a server in drain keeps the browsers it has`;
    found.push(file.warning(line, message, 'add "maxidle 1h maxlife 12h"'));
  }
  const lacking = words.includes('insert') ? [...GUARDS].filter(([word]) => !words.includes(word)) : [];
  for (const [word, why] of lacking) found.push(file.warning(line, `${name} ${why}`, `add "${word}"`));
  return found;
}

const cookies = proxyCheck('proxy-cookie', 'A sticky browser finds its server again, and can be moved', (file) =>
  file.backs.flatMap((proxy) => cookieOf(file, proxy)),
);

export const cookieChecks = [cookies];
