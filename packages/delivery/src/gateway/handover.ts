import type { IncomingHttpHeaders } from 'node:http';
import { decodeLanes, FROM_HEADER, LANES_HEADER } from '../handover/headers.js';
import { badRequest, Refusal } from './refusal.js';

/** A write by a process that drains: for the lanes that it still owes. */
export interface HandedOver {
  readonly from: string;
  readonly lanes: readonly string[];
}

/**
 * Undefined: an ordinary write.
 * @throws Refusal 400
 */
export function readHandOver(headers: IncomingHttpHeaders): HandedOver | undefined {
  const from = headers[FROM_HEADER];
  const list = headers[LANES_HEADER];
  if (from === undefined && list === undefined) return undefined;
  if (typeof from !== 'string' || typeof list !== 'string') {
    throw badRequest(`a hand-over needs both ${FROM_HEADER} and ${LANES_HEADER}, once each`);
  }
  const lanes = decodeLanes(list);
  if (lanes === undefined) throw badRequest(`${LANES_HEADER} is no list of percent-encoded lanes`);
  return { from, lanes };
}

/** Whether this process sent it itself: a hook that refuses writes while it drains must let it pass, to be answered 421. */
export const isOwnHandOver = (headers: IncomingHttpHeaders, instance: string): boolean =>
  headers[FROM_HEADER] === instance;

/** @throws Refusal 421 for what this process sent itself, 409 for lanes that it does not have. */
export function checkHandOver({ from, lanes }: HandedOver, instance: string, known: readonly string[]): void {
  if (from === instance) {
    throw new Refusal(421, 'own-handover', 'this is our own hand-over; send it to another process', {
      reason: 'own-handover',
    });
  }
  const missing = lanes.filter((lane) => !known.includes(lane));
  if (missing.length === 0) return;
  throw new Refusal(409, 'unknown-lane', `this process has no lane to ${missing.join(', ')}`, {
    reason: 'unknown-lane',
  });
}
