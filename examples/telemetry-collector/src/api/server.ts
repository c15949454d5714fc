import { isOwnHandOver } from '@breakwater/delivery/gateway';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Fleet } from '../fleet/fleet.js';
import type { Collector } from '../flow/collector.js';
import type { TargetLimits } from '../flow/target-limits.js';
import type { Share } from '../share/share.js';
import { answerBrokenRequest } from './broken-request.js';
import type { Collections } from './collect.js';
import { exposeFleet } from './fleet.js';
import { isWrite, mountGateway, type WriteLog } from './gateway.js';
import { Guard } from './guard.js';
import { exposeLanes, type LaneWatch } from './lanes.js';
import { streamListing } from './listing.js';
import type { Owners } from './owners.js';
import { Problem, toProblem } from './problem.js';
import { expose } from './routes.js';
import { listTargets } from './targets.js';

export interface ServerOptions {
  collector: Collector;
  collections: Collections;
  owners: Owners;
  /** The log, its lanes, and what the gateway needs; undefined: there are no servers to deliver to. */
  delivery: (WriteLog & LaneWatch) | undefined;
  /** Whom it shares the targets with, and which of them are its own; undefined: with nobody, and all. */
  fleet: Fleet | undefined;
  share: Share | undefined;
  /** The limits of the targets file. */
  limits?: Pick<TargetLimits, 'standings'>;
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
const HEADERS_TIMEOUT_MS = 10_000;
/** A write may be 25 MB long, and a request's time cannot be set by route. */
const WRITE_TIMEOUT_MS = 60_000;
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
} as const;

/** The collector's HTTP side. Everything that comes in is bounded in size and time. */
export function createServer(options: ServerOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: options.delivery === undefined ? HEADERS_TIMEOUT_MS : WRITE_TIMEOUT_MS,
    keepAliveTimeout: 30_000,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    routerOptions: { maxParamLength: 500 },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, _request, reply) => void answer(reply, toProblem(error)),
  });
  const guard = new Guard(options.apiToken);
  app.removeContentTypeParser('text/plain');
  app.server.headersTimeout = HEADERS_TIMEOUT_MS;
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    const isOfGateway = isWrite(request.routeOptions.url);
    if (isOfGateway && options.delivery !== undefined) guard.checkOrigin(request);
    else guard.check(request);
    if (isOfGateway && options.collector.draining && !comesBack(request, options)) throw isDraining();
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
  exposeLanes(app, options.delivery);
  exposeFleet(app, options.fleet);
  mountGateway(app, options.delivery, options.apiToken);
  return app;
}

function addRoutes(app: FastifyInstance, options: ServerOptions): void {
  const { collector, collections, owners, fleet, share } = options;
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
    const head = {
      total: (share ?? collector).size,
      draining: collector.draining,
      replica: fleet?.id || null,
      limits: options.limits?.standings() ?? [],
    };
    return streamListing(head, 'targets', listTargets(collector, share));
  });
  expose(app, 'POST', '/collect', async (request, reply) => {
    const all = await collections.collect(request.body);
    reply.type('application/json; charset=utf-8');
    return streamListing({ outcomes: countBy(all.map(({ outcome }) => outcome)) }, 'targets', all);
  });
  expose(app, 'POST', '/breakers/:name/reset', async (request) => {
    const { name } = request.params as { name: string };
    owners.check([name]);
    return { target: name, circuit: collector.resetBreaker(name) };
  });
  expose(app, 'POST', '/drain', async (_request, reply) => {
    options.drain();
    reply.code(202);
    return { draining: true, underWay: collector.underWay };
  });
}

/** Its own hand-over, which a proxy led back here: 503 would keep it waiting, the gateway's 421 sends it on at once. */
const comesBack = ({ headers }: FastifyRequest, { delivery }: ServerOptions): boolean =>
  delivery !== undefined && isOwnHandOver(headers, delivery.instance);

const isDraining = (): Problem =>
  new Problem(503, 'draining', 'the collector is draining and takes no more writes', { 'retry-after': '1' });

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
