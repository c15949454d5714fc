import type { FastifyReply } from 'fastify';
import type { Refusal } from './refusal.js';
import type { Api } from './target.js';

const LONGEST_MESSAGE = 300;
/** The words of the 2.x API for its statuses. */
const CODES: Readonly<Record<number, string>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not found',
  409: 'conflict',
  413: 'request too large',
  429: 'too many requests',
  500: 'internal error',
  503: 'unavailable',
};

/** Answers as InfluxDB of that API does. */
export function answerRefusal(api: Api, refusal: Refusal, reply: FastifyReply): FastifyReply {
  const message = refusal.message.slice(0, LONGEST_MESSAGE);
  // A header takes no other characters.
  if (api === 1) reply.header('x-influxdb-error', message.replace(/[^\x20-\x7e]/g, '?'));
  return reply
    .code(refusal.statusCode)
    .headers(refusal.headers)
    .send(api === 1 ? { error: message } : { code: CODES[refusal.statusCode] ?? 'invalid', message });
}
