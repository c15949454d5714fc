import type { FastifyInstance, RouteHandlerMethod } from 'fastify';
import { Problem } from './problem.js';

export type Method = 'GET' | 'POST';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Serves one method of a path; any other is answered with 405 and what is allowed. */
export function expose(app: FastifyInstance, method: Method, url: string, handler: RouteHandlerMethod): void {
  const allowed = method === 'GET' ? ['GET', 'HEAD'] : [method];
  app.route({ method, url, handler });
  const refuse = async () => {
    const allow = allowed.join(', ');
    throw new Problem(405, 'method-not-allowed', `${url} knows ${allow} only`, { allow });
  };
  app.route({
    method: METHODS.filter((each) => !allowed.includes(each)),
    url,
    onRequest: refuse, // before a body is read
    handler: refuse,
  });
}
