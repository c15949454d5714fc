import { ConfigError } from '@breakwater/resilience';

/** The variable that is read, and what belongs into others. */
export interface AddressVariable {
  readonly name: string;
  /** What it must be: `http or https URLs, separated by commas`. */
  readonly form: string;
  /** Where user and password belong. */
  readonly credentials: string;
  /** Where what could be meant by a query belongs. */
  readonly query: string;
}

/**
 * The address of a server, normalised: scheme, host, port, and a path where it lies behind a proxy.
 * @throws ConfigError, which never repeats what might be a password.
 */
export function httpAddress(text: string, { name, form, credentials, query }: AddressVariable): string {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    throw new ConfigError(`${name} holds ${quoted(text)}; it must be ${form}`);
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError(`${name} holds a user or a password for ${url.host}; ${credentials}`);
  }
  if (url.search !== '' || url.hash !== '') {
    throw new ConfigError(`${name} holds a query or a fragment for ${url.host}; ${query}`);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** What comes before an @ may be a password. */
function quoted(text: string): string {
  const shown = text.includes('@') ? `…${text.slice(text.lastIndexOf('@'))}` : text;
  return JSON.stringify(shown.length > 60 ? `${shown.slice(0, 60)}…` : shown);
}
