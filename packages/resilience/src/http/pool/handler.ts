import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Dispatcher, errors, util } from 'undici';

export type Abort = (reason?: Error) => void;

/** What undici calls back, in the older of its two forms: the one that its clients, `request` and `fetch` speak. */
export interface RawHandler {
  onConnect?(abort: Abort, context: object): void;
  onRequestSent?(): void;
  onBodySent?(chunk: Buffer): void;
  onResponseStarted?(): void;
  onHeaders?(statusCode: number, headers: Buffer[], resume: () => void, statusText: string): boolean;
  onData?(chunk: Buffer): boolean;
  onComplete?(trailers: Buffer[]): void;
  onUpgrade?(statusCode: number, headers: Buffer[], socket: Duplex): void;
  onError(error: Error): void;
}

/** The handler itself, or the older form of one of the newer. */
export function rawHandler(handler: Dispatcher.DispatchHandler): RawHandler {
  if (typeof handler !== 'object' || handler === null) {
    throw new errors.InvalidArgumentError('handler must be an object');
  }
  if (typeof handler.onRequestStart === 'function') return new ModernHandler(handler);
  if (typeof handler.onError !== 'function') throw new errors.InvalidArgumentError('invalid onError method');
  return handler as unknown as RawHandler;
}

const parse = (headers: Buffer[]): IncomingHttpHeaders => util.parseHeaders(headers) as IncomingHttpHeaders;

/** Speaks the newer form (`onRequestStart` and so on), as undici's own clients do. */
class ModernHandler implements RawHandler {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #controller = new Controller();

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler;
  }

  onConnect(abort: Abort, context: object): void {
    this.#controller.abortRequest = abort;
    this.#handler.onRequestStart?.(this.#controller, context);
  }

  onHeaders(statusCode: number, headers: Buffer[], resume: () => void, statusText: string): boolean {
    this.#controller.resumeResponse = resume;
    this.#controller.rawHeaders = headers;
    this.#handler.onResponseStart?.(this.#controller, statusCode, parse(headers), statusText);
    return !this.#controller.paused;
  }

  onData(chunk: Buffer): boolean {
    this.#handler.onResponseData?.(this.#controller, chunk);
    return !this.#controller.paused;
  }

  onComplete(trailers: Buffer[]): void {
    this.#controller.rawTrailers = trailers;
    this.#handler.onResponseEnd?.(this.#controller, parse(trailers));
  }

  onUpgrade(statusCode: number, headers: Buffer[], socket: Duplex): void {
    this.#controller.rawHeaders = headers;
    this.#handler.onRequestUpgrade?.(this.#controller, statusCode, parse(headers), socket);
  }

  onError(error: Error): void {
    this.#handler.onResponseError?.(this.#controller, error);
  }
}

class Controller implements Dispatcher.DispatchController {
  paused = false;
  aborted = false;
  reason: Error | null = null;
  rawHeaders: Buffer[] | null = null;
  rawTrailers: Buffer[] | null = null;
  abortRequest: Abort = () => {};
  resumeResponse: () => void = () => {};

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.resumeResponse();
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.abortRequest(reason);
  }
}
