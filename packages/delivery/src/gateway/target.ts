import type { Destination } from '../frames/frame.js';
import type { Precision } from '../lines/normalize.js';
import { badRequest } from './refusal.js';

/** The APIs of InfluxDB 1.x (`/write`) and 2.x (`/api/v2/write`). */
export type Api = 1 | 2;

/** Where a request wants its points to go, and how it counts time. */
export interface Target {
  readonly destination: Destination;
  readonly precision: Precision;
}

export interface TargetRules {
  /** Where points go whose request does not say. */
  readonly fallback: Destination | undefined;
  /** A hand-over may leave the destination open, as its lanes know their own. */
  readonly mayBeOpen: boolean;
}

const PRECISIONS: Readonly<Record<Api, readonly Precision[]>> = {
  1: ['n', 'ns', 'u', 'us', 'ms', 's', 'm', 'h'],
  2: ['ns', 'us', 'ms', 's'],
};
const LONGEST_NAME = 512;

/** @throws Refusal 400 */
export function readTarget(api: Api, query: URLSearchParams, rules: TargetRules): Target {
  if (query.has('u') || query.has('p')) {
    throw badRequest('u and p in the query would end in logs; use the header Authorization');
  }
  return { destination: destinationOf(api, query, rules), precision: precisionOf(api, query) };
}

function precisionOf(api: Api, query: URLSearchParams): Precision {
  const given = query.get('precision') ?? '';
  if (given === '') return 'ns';
  const known = PRECISIONS[api].find((precision) => precision === given);
  if (known === undefined) throw badRequest(`precision must be one of ${PRECISIONS[api].join(', ')}`);
  return known;
}

function destinationOf(api: Api, query: URLSearchParams, rules: TargetRules): Destination {
  const name = (parameter: string): string => {
    const value = query.get(parameter) ?? '';
    if (value.length > LONGEST_NAME) throw badRequest(`${parameter} is longer than ${LONGEST_NAME} characters`);
    return value;
  };
  const place = api === 1 ? 'db' : 'bucket';
  const bucket = name(place);
  if (bucket === '') {
    if (rules.fallback !== undefined) return rules.fallback;
    if (!rules.mayBeOpen) throw badRequest(`the query must name the ${place}: ?${place}=…`);
  }
  if (api === 2) return { org: name('org') || name('orgID'), bucket };
  if (bucket.includes('/')) throw badRequest('db must not hold a slash; the retention policy is rp');
  const policy = name('rp');
  return { org: '', bucket: policy === '' ? bucket : `${bucket}/${policy}` };
}
