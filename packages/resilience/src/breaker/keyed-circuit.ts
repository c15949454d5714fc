import { Circuit, type CircuitOwner } from './circuit.js';

const LONGEST_REMEMBERED = 120;

/** The circuit of one key, with its place among the closed ones that may be forgotten. */
export class KeyedCircuit extends Circuit {
  readonly key: string;
  /** What the last failure was, in a few words. */
  lastError: string | undefined;
  /** @internal */
  older: KeyedCircuit | undefined;
  /** @internal */
  newer: KeyedCircuit | undefined;

  constructor(owner: CircuitOwner, key: string) {
    super(owner);
    this.key = key;
    this.lastError = undefined;
    this.older = undefined;
    this.newer = undefined;
  }

  /** Keeps a string that exists already where it can, and never the error or answer: it may hold a socket or a body. */
  remember(failure: unknown): void {
    this.lastError = describe(failure);
  }
}

function describe(failure: unknown): string | undefined {
  if (typeof failure === 'string') return short(failure);
  if (typeof failure !== 'object' || failure === null) return undefined;
  const { code, message, status, statusCode } = failure as Record<string, unknown>;
  if (typeof code === 'string') return short(code);
  if (typeof message === 'string') return short(message);
  const number = status ?? statusCode;
  return typeof number === 'number' ? `status ${number}` : undefined;
}

/** A copy, since a slice would keep the whole of a long text alive. */
function short(text: string): string {
  return text.length <= LONGEST_REMEMBERED ? text : structuredClone(text.slice(0, LONGEST_REMEMBERED));
}
