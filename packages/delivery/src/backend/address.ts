import { ConfigError } from '@breakwater/resilience';

const LONGEST_SHOWN = 60;

/**
 * The address of a backend, normalised: scheme, host, port, and the path below which its pages lie. It is the lane's
 * identity, and its name in metrics and messages.
 * @throws ConfigError, which never repeats what might be a password.
 */
export function backendAddress(text: string): string {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    throw new ConfigError(`backend url is ${quoted(text)}; it must be an http or https URL`);
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError(`backend url for ${url.host} holds a user or a password; they belong into the token`);
  }
  if (url.search !== '' || url.hash !== '') {
    throw new ConfigError(`backend url for ${url.host} holds a query or a fragment; set org and bucket beside it`);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** What comes before an @, or after a ?, may be a secret. */
function quoted(text: string): string {
  const shown = text.slice(text.lastIndexOf('@') + 1).split(/[?#]/)[0]!;
  const start = shown.length < text.length && text.includes('@') ? '…@' : '';
  return JSON.stringify(`${start}${shown.slice(0, LONGEST_SHOWN)}${shown.length > LONGEST_SHOWN ? '…' : ''}`);
}
