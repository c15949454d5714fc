import { Circuit, type CircuitOwner } from './circuit.js';

const LONGEST_REMEMBERED = 120;

/** The circuit of one key, with its place among the closed ones that may be forgotten. */
export class KeyedCircuit extends Circuit {
  readonly key: string;
  /** The code or message of the last failure, cut short. */
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

  /** Keeps a string that exists already where it can, and never the error: it may hold a socket or a body. */
  remember(error: unknown): void {
    this.lastError = describe(error);
  }
}

function describe(error: unknown): string | undefined {
  if (typeof error === 'string') return short(error);
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string') return short(code);
  return typeof message === 'string' ? short(message) : undefined;
}

/** A copy, since a slice would keep the whole of a long text alive. */
function short(text: string): string {
  return text.length <= LONGEST_REMEMBERED ? text : structuredClone(text.slice(0, LONGEST_REMEMBERED));
}
