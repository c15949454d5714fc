import { Readable } from 'node:stream';
import { type Clock, ConfigError, systemClock } from '@breakwater/resilience';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { publish } from '../events/events.js';
import type { Destination } from '../frames/frame.js';
import type { Intake } from '../intake/intake.js';
import { type Lines, normalizeInTurns, type Precision } from '../lines/normalize.js';
import { answerRefusal } from './answer.js';
import { readBody } from './body.js';
import { checkHandOver, type HandedOver, readHandOver } from './handover.js';
import { countLines } from './lines.js';
import { GatewayMeter } from './metrics.js';
import { toRefusal } from './refusal.js';
import { BodyRoom, type BodyShare } from './room.js';
import { Stamps } from './stamps.js';
import { type Api, readTarget } from './target.js';
import { TokenCheck } from './token.js';

export interface WriteGatewayOptions {
  readonly intake: Intake;
  /** Names this process among its peers: what it hands over itself and gets back through a proxy is refused. */
  readonly instance: string;
  /** The longest body, before and after decompression. Default 25,000,000. */
  readonly maxBodyBytes?: number;
  /** Bytes of all bodies under way together, after decompression; beyond it the answer is 429. Default: four of the longest. */
  readonly maxBytesUnderWay?: number;
  /** What writes must carry. Default: nothing. */
  readonly token?: string;
  /** Where points go whose request names no db or bucket. Default: such a request is refused. */
  readonly defaultDestination?: Destination;
  /** Why it cannot accept, beside what intake says; for `/health`. */
  readonly health?: () => readonly string[];
  readonly meter?: GatewayMeter;
  readonly clock?: Clock;
}

const DEFAULT_MAX_BODY_BYTES = 25_000_000;
// What clients take for the server's API; they ask for it before they write.
const VERSION = '1.8.10-breakwater';

/** A fastify plugin that speaks InfluxDB's `/write` and `/api/v2/write`: 204 once intake has put the points on disk. */
export async function writeGateway(app: FastifyInstance, options: WriteGatewayOptions): Promise<void> {
  const gateway = new Gateway(options);
  takeBodiesAsTheyAre(app);
  for (const [url, api] of [
    ['/write', 1],
    ['/api/v2/write', 2],
  ] as const) {
    app.route({
      method: 'POST',
      url,
      logSerializers: { req: withoutQuery },
      errorHandler: (error: FastifyError, _request, reply) => gateway.refuse(api, error, reply),
      handler: (request, reply) => gateway.write(api, request, reply),
    });
  }
  app.route({
    method: ['GET', 'HEAD'],
    url: '/ping',
    handler: async (_request, reply) => reply.code(204).header('x-influxdb-version', VERSION).send(),
  });
  app.get('/health', async (_request, reply) => {
    const why = gateway.unhealthy();
    return why.length === 0 ? { status: 'pass' } : reply.code(503).send({ status: 'fail', message: why.join('; ') });
  });
}

class Gateway {
  readonly #options: WriteGatewayOptions;
  readonly #maxBodyBytes: number;
  readonly #token: TokenCheck;
  readonly #meter: GatewayMeter;
  readonly #room: BodyRoom;
  readonly #stamps: Stamps;

  constructor(options: WriteGatewayOptions) {
    const { maxBodyBytes = DEFAULT_MAX_BODY_BYTES, meter = new GatewayMeter(), clock = systemClock } = options;
    const { maxBytesUnderWay = 4 * maxBodyBytes, instance } = options;
    if (instance === '') throw new ConfigError('writeGateway: instance is empty; it must name this process');
    if (options.token === '') throw new ConfigError('writeGateway: token is empty; leave it out, or give a secret');
    checkBytes('maxBodyBytes', maxBodyBytes, 1);
    checkBytes('maxBytesUnderWay', maxBytesUnderWay, maxBodyBytes);
    this.#options = options;
    this.#maxBodyBytes = maxBodyBytes;
    this.#token = new TokenCheck(options.token);
    this.#meter = meter;
    this.#room = new BodyRoom(maxBytesUnderWay, meter);
    this.#stamps = new Stamps(clock);
  }

  async write(api: Api, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { defaultDestination } = this.#options;
    this.#token.check(request.headers.authorization);
    const handedOver = readHandOver(request.headers);
    const query = new URLSearchParams(/\?(.*)/s.exec(request.raw.url ?? '')?.[1]);
    const { destination, precision } = readTarget(api, query, {
      fallback: handedOver === undefined ? defaultDestination : undefined,
      mayBeOpen: handedOver !== undefined,
    });
    using share = this.#room.enter();
    const body = await this.#read(request, share);
    const lines = await this.#check(body, precision, handedOver);
    if (lines.length > 0) {
      const lanes = handedOver === undefined ? {} : { lanes: handedOver.lanes };
      await this.#options.intake.accept({ lines, destination, ...lanes, signal: untilClosed(reply) });
    }
    this.#meter.answered(lines.length > 0 ? 'accepted' : 'empty');
    return reply.code(204).send();
  }

  refuse(api: Api, error: unknown, reply: FastifyReply): FastifyReply {
    const refusal = toRefusal(error);
    this.#meter.answered(refusal.outcome);
    if (refusal.outcome === 'failed') publish({ type: 'trouble', what: 'the write gateway failed', error });
    return answerRefusal(api, refusal, reply);
  }

  unhealthy(): string[] {
    const { intake, health } = this.#options;
    return [...(intake.closure === undefined ? [] : [intake.closure.message]), ...(health?.() ?? [])];
  }

  async #read(request: FastifyRequest, share: BodyShare): Promise<Buffer> {
    const { body, headers } = request;
    return readBody((body as Readable | undefined) ?? Readable.from([]), headers, {
      maxBytes: this.#maxBodyBytes,
      take: (bytes) => share.grow(bytes),
      received: (bytes) => this.#meter.received(bytes),
    });
  }

  /** The lines of a body that may come in; when it may not, they are counted as refused. */
  async #check(body: Buffer, precision: Precision, handedOver: HandedOver | undefined): Promise<Lines[]> {
    const { intake, instance } = this.#options;
    try {
      if (handedOver !== undefined) checkHandOver(handedOver, instance, intake.lanes);
      return await normalizeInTurns(body, { precision, nowNs: this.#stamps.next() });
    } catch (error) {
      const refusal = toRefusal(error);
      if (refusal.reason !== undefined) intake.refuse(refusal.reason, countLines(body));
      throw refusal;
    }
  }
}

/** Bodies of any type, or of none, come to the handler as streams. Other routes of the program keep their parsers. */
function takeBodiesAsTheyAre(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  // Clients write with types that are none, and what it says makes no difference.
  app.addHook('onRequest', async (request) => {
    delete request.raw.headers['content-type'];
  });
}

/** Aborted when the client goes away before it has its answer. */
function untilClosed(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableEnded) controller.abort();
  });
  return controller.signal;
}

/** What the log of the program around may know of a request: a query can hold a password. */
const withoutQuery = (request: FastifyRequest) => ({
  method: request.method,
  url: request.url.replace(/\?.*/s, ''),
  host: request.host,
  remoteAddress: request.ip,
});

function checkBytes(option: string, value: number, min: number): void {
  if (Number.isSafeInteger(value) && value >= min) return;
  throw new ConfigError(`writeGateway: ${option} is ${value}; it must be a whole number of at least ${min}`);
}
