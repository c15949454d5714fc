import type { Call } from './call.js';
import { invoke, Layer, type Next } from './layer.js';
import type { Policy } from './types.js';

/** A policy of the user's own, which knows only `execute`, as a layer. */
class Guest extends Layer {
  readonly name: string;
  readonly policy: Policy;

  constructor(policy: Policy) {
    super();
    this.name = policy.name;
    this.policy = policy;
  }

  run(call: Call, next: Next): Promise<unknown> {
    const { key, priority, weight, idempotent } = call.options;
    const options = {
      ...(key !== undefined && { key }),
      ...(priority !== undefined && { priority }),
      ...(weight !== undefined && { weight }),
      ...(idempotent !== undefined && { idempotent }),
      deadline: call.deadline,
      signal: call.signal,
    };
    try {
      return Promise.resolve(
        this.policy.execute((context) => {
          // Its attempts are within ours: the second of a guest in our third is the fourth try.
          const inner = call.child(context.deadline, call.attempt + context.attempt - 1);
          const link = () => inner.abort(context.signal.reason);
          if (context.signal.aborted) link();
          else context.signal.addEventListener('abort', link, { once: true });
          return next(inner).finally(() => context.signal.removeEventListener('abort', link));
        }, options),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

/** Policies, outermost first, as one policy. */
export class Pipeline extends Layer {
  readonly name: string;
  /** Outermost first; nested pipelines are flattened: they are one pipeline to rejections. */
  readonly policies: readonly Policy[];
  readonly #head: Next;

  constructor(policies: readonly Policy[]) {
    const layers = policies.flatMap((policy) => (policy instanceof Pipeline ? policy.policies : [policy])).map(toLayer);
    // A guest does not say whose time it keeps.
    super(layers.find((layer) => !(layer instanceof Guest))?.clock);
    this.policies = layers.map((layer) => (layer instanceof Guest ? layer.policy : layer));
    this.name = `pipeline(${layers.map((layer) => layer.name).join(' > ')})`;
    this.#head = layers.reduceRight<Next>((next, layer) => (call) => layer.run(call, next), invoke);
  }

  run(call: Call): Promise<unknown> {
    return this.#head(call);
  }
}

const toLayer = (policy: Policy): Layer => (policy instanceof Layer ? policy : new Guest(policy));

/** Composes policies, outermost first: `pipeline(retry, breaker, timeout)` retries what the breaker lets through. */
export function pipeline(...policies: Policy[]): Pipeline {
  return new Pipeline(policies);
}
