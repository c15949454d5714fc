const MEANING = {
  ENOTFOUND: 'there is no such name',
  ENODATA: 'the name has no address of the family asked for',
  EBADNAME: 'this is no valid host name',
  ETIMEOUT: 'no answer in time; check that a name server can be reached',
  ECANCELLED: 'the caller aborted',
  ECONNREFUSED: 'no name server listens there',
  ESERVFAIL: 'the name server failed',
  EREFUSED: 'the name server refuses to answer',
  ENOTIMP: 'the name server does not know this kind of question',
  EFORMERR: 'the name server calls the question malformed',
  EBADRESP: 'the answer of the name server makes no sense',
} as const;

/** What c-ares calls it; bounded, so that it can be a metric label. */
export type NameLookupErrorCode = keyof typeof MEANING;

/** A code of c-ares that is not in the list is about an answer which could not be used. */
export function toLookupCode(code: string | undefined): NameLookupErrorCode {
  return code !== undefined && Object.hasOwn(MEANING, code) ? (code as NameLookupErrorCode) : 'EBADRESP';
}

/** A host name has no address, or it could not be told in time. */
export class NameLookupError extends Error {
  override readonly name = 'NameLookupError';
  readonly code: NameLookupErrorCode;
  readonly hostname: string;
  /** The name servers that are configured; empty where none was asked. */
  readonly servers: readonly string[];

  constructor(hostname: string, code: NameLookupErrorCode, servers: readonly string[] = [], cause?: unknown) {
    const asked = servers.length === 0 ? '' : ` (name servers: ${servers.join(', ')})`;
    super(
      `look-up of ${JSON.stringify(hostname)}: ${MEANING[code]}${asked} [${code}]`,
      cause === undefined ? undefined : { cause },
    );
    this.code = code;
    this.hostname = hostname;
    this.servers = servers;
  }
}
