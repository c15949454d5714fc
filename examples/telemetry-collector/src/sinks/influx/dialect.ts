/** How a server is spoken to. 1.8 and other databases speak both. */
export type Dialect = '2.x' | '1.x';

export interface InfluxTarget {
  /** The server's normalised address, see `influxAddress`. */
  readonly address: string;
  /** 2.x only. */
  readonly org: string;
  /** On 1.x the database, or database and retention policy: `telemetry/autogen`. */
  readonly bucket: string;
  /** A token; on 1.x `user:password`. Empty: none. */
  readonly token: string;
}

/** No `precision`: without it timestamps are nanoseconds, whatever the version; 1.x silently takes unknown ones for them. */
export function writeUrl({ address, org, bucket }: InfluxTarget, dialect: Dialect): URL {
  const url = new URL(`${address}${dialect === '2.x' ? '/api/v2/write' : '/write'}`);
  if (dialect === '2.x') {
    if (org !== '') url.searchParams.set('org', org);
    url.searchParams.set('bucket', bucket);
    return url;
  }
  const slash = bucket.indexOf('/');
  url.searchParams.set('db', slash === -1 ? bucket : bucket.slice(0, slash));
  if (slash !== -1) url.searchParams.set('rp', bucket.slice(slash + 1));
  return url;
}

/** Up to 1.7 a server knows Basic alone, 1.8 both, 2.x tokens. */
export function authorization({ token }: InfluxTarget, dialect: Dialect): Record<string, string> {
  if (token === '') return {};
  const isBasic = dialect === '1.x' && token.includes(':');
  return { authorization: isBasic ? `Basic ${Buffer.from(token).toString('base64')}` : `Token ${token}` };
}
