import { isIPv4, isIPv6 } from 'node:net';

/** The name under which the names of an address stand (RFC 1035, 3.5; RFC 3596, 2.5). What is no address is such a name already. */
export function reverseName(text: string): string {
  if (isIPv4(text)) return `${text.split('.').reverse().join('.')}.in-addr.arpa`;
  if (!isIPv6(text)) return text;
  const [front = [], back = []] = text.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = new Array<string>(8 - front.length - back.length).fill('0');
  const digits = [...front, ...zeros, ...back].map((group) => group.padStart(4, '0')).join('');
  return `${[...digits].reverse().join('.')}.ip6.arpa`;
}
