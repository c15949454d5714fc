import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Collector } from '../flow/collector.js';
import { answerBrokenRequest } from './broken-request.js';
import { type Collections, unknownTargets } from './collect.js';
import { Guard } from './guard.js';
import { streamListing } from './listing.js';
import { Problem, toProblem } from './problem.js';
import { expose } from './routes.js';

export interface ServerOptions {
  collector: Collector;
  collections: Collections;
  /** The text of `/metrics`, and its content type. */
  metrics: () => Promise<string>;
  metricsType: string;
  /** Why the collector is not ready; empty when it is. */
  unready: () => readonly string[];
  /** Begins to drain. */
  drain: () => void;
  /** What whoever changes something must carry. Without one the server must listen on loopback only. */
  apiToken: string | undefined;
  /** Told of errors that are ours. */
  onError: (error: unknown, what: string) => void;
}

const BODY_LIMIT = 64 * 1_024;
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
} as const;

/** The collector's HTTP side. Everything that comes in is bounded in size and time. */
export function createServer(options: ServerOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: 10_000,
    keepAliveTimeout: 30_000,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    routerOptions: { maxParamLength: 500 },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, _request, reply) => void answer(reply, toProblem(error)),
  });
  const guard = new Guard(options.apiToken);
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    guard.check(request);
  });
  app.setNotFoundHandler(async (request) => {
    throw new Problem(404, 'not-found', `there is no ${request.method} ${request.url.slice(0, 200)}`);
  });
  app.setErrorHandler<Error>((error, request, reply) => {
    const problem = toProblem(error);
    if (problem.statusCode >= 500 && !(error instanceof Problem))
      options.onError(error, `${request.method} ${request.url}`);
    return answer(reply, problem);
  });
  addRoutes(app, options);
  return app;
}

function addRoutes(app: FastifyInstance, options: ServerOptions): void {
  const { collector, collections } = options;
  expose(app, 'GET', '/health/live', async () => ({ status: 'live' }));
  expose(app, 'GET', '/health/ready', async () => {
    const why = options.unready();
    if (why.length > 0) throw new Problem(503, collector.draining ? 'draining' : 'not-ready', why.join('; '));
    return { status: 'ready' };
  });
  expose(app, 'GET', '/metrics', async (_request, reply) => {
    reply.type(options.metricsType);
    return options.metrics();
  });
  expose(app, 'GET', '/targets', async (_request, reply) => {
    reply.type('application/json; charset=utf-8');
    return streamListing({ total: collector.size, draining: collector.draining }, 'targets', collector.status());
  });
  expose(app, 'POST', '/collect', async (request, reply) => {
    const all = await collections.collect(request.body);
    reply.type('application/json; charset=utf-8');
    return streamListing({ outcomes: countBy(all.map(({ outcome }) => outcome)) }, 'targets', all);
  });
  expose(app, 'POST', '/breakers/:name/reset', async (request) => {
    const { name } = request.params as { name: string };
    if (!collector.has(name)) throw unknownTargets([name]);
    return { target: name, circuit: collector.resetBreaker(name) };
  });
  expose(app, 'POST', '/drain', async (_request, reply) => {
    options.drain();
    reply.code(202);
    return { draining: true, underWay: collector.underWay };
  });
}

function answer(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.statusCode)
    .headers({ ...HEADERS, ...problem.headers })
    .send(problem.body());
}

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
