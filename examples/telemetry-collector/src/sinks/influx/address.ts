import { ConfigError } from '@breakwater/resilience';

/**
 * The address of an InfluxDB, normalised: scheme, host, port, and a path where it lies behind a proxy. It is the name of
 * the backend in metrics and messages.
 * @throws ConfigError, which never repeats what might be a password.
 */
export function influxAddress(text: string, variable: string): string {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    throw new ConfigError(`${variable} holds ${quoted(text)}; it must be http or https URLs, separated by commas`);
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError(
      `${variable} holds a user or a password for ${url.host}; put them into INFLUX_TOKEN (user:password)`,
    );
  }
  if (url.search !== '' || url.hash !== '') {
    const rest = 'set the organisation with INFLUX_ORG and the bucket with INFLUX_BUCKET';
    throw new ConfigError(`${variable} holds a query or a fragment for ${url.host}; ${rest}`);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** What comes before an @ may be a password. */
function quoted(text: string): string {
  const shown = text.includes('@') ? `…${text.slice(text.lastIndexOf('@'))}` : text;
  return JSON.stringify(shown.length > 60 ? `${shown.slice(0, 60)}…` : shown);
}
